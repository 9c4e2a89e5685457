#pragma once
// Why bytes from the wire were refused.

#include <cstdint>
#include <expected>
#include <string_view>

namespace ukstore::net {

enum class Fault : uint8_t {
  truncated,  // ends before its own header or length field says
  length,     // a length field that contradicts another one
  version,    // another version or hardware type than this parser reads
  checksum,   // the sum does not match
  field,      // a value that the RFC forbids
};

// A value read from the wire, or the reason why there is none.  The reaction to every fault is the
// same, to drop and to count; the reason is for counters and traces.
template <typename T>
using Parsed = std::expected<T, Fault>;

constexpr std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::truncated:
      return "truncated";
    case Fault::length:
      return "length";
    case Fault::version:
      return "version";
    case Fault::checksum:
      return "checksum";
    case Fault::field:
      return "field";
  }
  return "unknown";
}

}  // namespace ukstore::net
