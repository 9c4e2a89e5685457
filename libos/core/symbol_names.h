#pragma once
// The names of an image's functions, in a third of their length.

#include <cstdint>

#include <ukstore/libos/core/text.h>

namespace ukstore::libos {

// Longer names are cut off.
inline constexpr size_t kSymbolNameMax = 72;

// What the image's second link is given (tools/elf_image.cc).
struct SymbolTable {
  uint32_t count;
  // For each function, in rising order of addresses, its distance from the one before, as ULEB128;
  // the first one's from 0.
  const uint8_t* distances;
  // A byte of a name from 128 on stands for two bytes, pairs[byte - 128], each of which may be such
  // a byte again, of a pair before it.
  const uint8_t (*pairs)[2];
  // In the order of the functions, each ended by NUL.
  const uint8_t* names;
};

struct Symbol {
  Text<kSymbolNameMax> name;  // "?" if unknown
  uint64_t offset = 0;        // of the address, from the function's begin
};

// The last function that begins at or before `address`.
Symbol find_symbol(const SymbolTable& table, uint64_t address);

}  // namespace ukstore::libos
