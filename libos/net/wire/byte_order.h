#pragma once
// Network byte order.  Callers have checked the bounds: a violation is our own bug.

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ukstore::net {

// What was read from the wire, or is about to be written to it.
using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;

inline uint8_t load_u8(ByteSpan bytes, size_t at) {
  assert(at < bytes.size());
  return static_cast<uint8_t>(bytes[at]);
}

inline uint16_t load_be16(ByteSpan bytes, size_t at) {
  assert(at + 2 <= bytes.size());
  return static_cast<uint16_t>(static_cast<uint16_t>(bytes[at]) << 8 |
                               static_cast<uint16_t>(bytes[at + 1]));
}

inline uint32_t load_be32(ByteSpan bytes, size_t at) {
  return uint32_t{load_be16(bytes, at)} << 16 | load_be16(bytes, at + 2);
}

template <size_t N>
void load(ByteSpan bytes, size_t at, std::array<uint8_t, N>& out) {
  assert(at + N <= bytes.size());
  std::transform(bytes.begin() + static_cast<ptrdiff_t>(at),
                 bytes.begin() + static_cast<ptrdiff_t>(at + N), out.begin(),
                 [](std::byte b) { return static_cast<uint8_t>(b); });
}

inline void store_u8(std::span<std::byte> bytes, size_t at, uint8_t value) {
  assert(at < bytes.size());
  bytes[at] = std::byte{value};
}

inline void store_be16(std::span<std::byte> bytes, size_t at, uint16_t value) {
  assert(at + 2 <= bytes.size());
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value);
}

inline void store_be32(std::span<std::byte> bytes, size_t at, uint32_t value) {
  store_be16(bytes, at, static_cast<uint16_t>(value >> 16));
  store_be16(bytes, at + 2, static_cast<uint16_t>(value));
}

template <size_t N>
void store(std::span<std::byte> bytes, size_t at, const std::array<uint8_t, N>& value) {
  assert(at + N <= bytes.size());
  std::transform(value.begin(), value.end(), bytes.begin() + static_cast<ptrdiff_t>(at),
                 [](uint8_t octet) { return std::byte{octet}; });
}

inline void append_u8(Bytes& bytes, uint8_t value) { bytes.push_back(std::byte{value}); }

inline void append_be16(Bytes& bytes, uint16_t value) {
  append_u8(bytes, static_cast<uint8_t>(value >> 8));
  append_u8(bytes, static_cast<uint8_t>(value));
}

inline void append_be32(Bytes& bytes, uint32_t value) {
  append_be16(bytes, static_cast<uint16_t>(value >> 16));
  append_be16(bytes, static_cast<uint16_t>(value));
}

inline void append(Bytes& bytes, ByteSpan more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

template <size_t N>
void append(Bytes& bytes, const std::array<uint8_t, N>& octets) {
  for (uint8_t octet : octets) append_u8(bytes, octet);
}

}  // namespace ukstore::net
