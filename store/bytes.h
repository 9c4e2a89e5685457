#pragma once
// Byte strings.  `Bytes` owns, `BytesView` borrows; both compare as unsigned bytes, shorter first
// on a common prefix, which is the order of keys everywhere.  Integers on disk are little-endian
// and are loaded by memcpy, so nothing needs to be aligned.

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ukstore {

using Bytes = std::string;
using BytesView = std::string_view;

template <std::unsigned_integral T>
T load_le(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <std::unsigned_integral T>
void store_le(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <std::unsigned_integral T>
void append_le(Bytes& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Eight bytes as the number whose order is the order of the bytes.
inline uint64_t load_big_endian(const char* from) { return std::byteswap(load_le<uint64_t>(from)); }

// `value` as eight bytes whose byte order is the numeric order: a key for numbers.
inline Bytes big_endian(uint64_t value) {
  Bytes out(8, '\0');
  for (int i = 7; i >= 0; --i, value >>= 8) out[i] = static_cast<char>(value & 0xff);
  return out;
}

}  // namespace ukstore
