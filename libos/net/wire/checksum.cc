#include <ukstore/libos/net/wire/checksum.h>

#include <bit>
#include <cstring>

namespace ukstore::net {
namespace {

static_assert(std::endian::native == std::endian::little);

// The sum of `bytes` as little-endian 16-bit words, folded to 16 bits. Summing in the machine's
// order and swapping once at the end gives the same answer (RFC 1071, section 2, B).
uint16_t little_endian_sum(std::span<const std::byte> bytes) {
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  uint64_t sum = 0;
  uint64_t carries = 0;  // 32-bit halves summed apart, so that carries cannot be lost
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    sum += word & 0xffffffff;
    carries += word >> 32;
  }
  sum = (sum & 0xffffffff) + (sum >> 32) + (carries & 0xffffffff) + (carries >> 32);
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  sum += (rest & 0xffffffff) + (rest >> 32);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint16_t swapped(uint16_t value) { return static_cast<uint16_t>(value << 8 | value >> 8); }

}  // namespace

void Checksum::add(std::span<const std::byte> bytes) {
  uint16_t sum = little_endian_sum(bytes);
  // Big-endian words when we stand at an even offset; the same bytes swapped at an odd one.
  sum_ += odd_ ? sum : swapped(sum);
  odd_ ^= bytes.size() % 2 != 0;
}

uint16_t Checksum::partial() const {
  uint64_t sum = sum_;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint16_t internet_checksum(std::span<const std::byte> bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.value();
}

}  // namespace ukstore::net
