#pragma once
// Which two ends a segment belongs to, and the keyed hash over them.

#include <array>
#include <bit>
#include <cstdint>

namespace ukstore::net {

// An IPv6 address in network order; an IPv4 one as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2).
using AddressBytes = std::array<uint8_t, 16>;

struct Tuple {
  AddressBytes local{};
  AddressBytes remote{};
  uint16_t local_port = 0;
  uint16_t remote_port = 0;

  // As words: every segment asks this.
  bool operator==(const Tuple& other) const {
    using Words = std::array<uint32_t, 9>;
    return std::bit_cast<Words>(*this) == std::bit_cast<Words>(other);
  }
};

// 128 random bits that a stack draws once and tells nobody.
struct SecretKey {
  uint64_t low = 0;
  uint64_t high = 0;
};

// SipHash-2-4 of the tuple and one number more. Hash tables, initial sequence numbers,
// timestamp offsets and SYN cookies all come from it, with different `salt`.
uint64_t keyed_hash(SecretKey key, const Tuple& tuple, uint64_t salt);

}  // namespace ukstore::net
