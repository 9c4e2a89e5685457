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
  // 32-bit halves are summed apart, so that carries cannot be lost; 32 bytes at a time, in four
  // sums that the processor adds side by side.
  using Lanes = uint64_t __attribute__((vector_size(16)));
  Lanes low_a{}, high_a{}, low_b{}, high_b{};
  for (; left >= 32; left -= 32, at += 32) {
    Lanes a, b;
    std::memcpy(&a, at, 16);
    std::memcpy(&b, at + 16, 16);
    low_a += a & 0xffffffff;
    high_a += a >> 32;
    low_b += b & 0xffffffff;
    high_b += b >> 32;
  }
  Lanes lanes = low_a + high_a + low_b + high_b;
  uint64_t sum = lanes[0] + lanes[1];
  for (; left >= 4; left -= 4, at += 4) {
    uint32_t word;
    std::memcpy(&word, at, 4);
    sum += word;
  }
  if (left >= 2) {
    uint16_t word;
    std::memcpy(&word, at, 2);
    sum += word;
    left -= 2, at += 2;
  }
  if (left > 0) sum += std::to_integer<uint8_t>(*at);
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
