#pragma once
// Writes what libos/core/symbol_names.h reads: the names of functions, small.

#include <cstdint>
#include <map>
#include <string>

namespace ukstore::tools {

// The parts of a libos::SymbolTable.
struct EncodedSymbols {
  std::string distances, pairs, names;
};

// Functions by address.  Bytes from 128 on in names become question marks.
EncodedSymbols encode_symbols(const std::map<uint64_t, std::string>& functions);

}  // namespace ukstore::tools
