#pragma once
// LEB128 numbers in their shortest form: seven bits a byte, low bits first.

#include <ukstore/store/bytes.h>

#include <optional>

namespace ukstore {

inline void append_varint(Bytes& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to.push_back(static_cast<char>(value | 0x80));
  to.push_back(static_cast<char>(value));
}

// Takes a number off the front; nullopt if the bytes end early, the form is not the shortest, or
// the number does not fit.
inline std::optional<uint64_t> take_varint(BytesView& from) {
  uint64_t value = 0;
  for (int shift = 0; !from.empty(); shift += 7) {
    uint8_t byte = static_cast<uint8_t>(from.front());
    from.remove_prefix(1);
    if (shift == 63 && byte > 1) return std::nullopt;
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte & 0x80) continue;
    return byte == 0 && shift > 0 ? std::nullopt : std::optional(value);
  }
  return std::nullopt;
}

}  // namespace ukstore
