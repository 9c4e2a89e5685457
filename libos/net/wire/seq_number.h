#pragma once
// TCP sequence numbers (RFC 9293, section 3.4).

#include <cstdint>

namespace ukstore::net {

// A TCP sequence number. Arithmetic is modulo 2^32, so there is no operator<: two numbers
// compare only as a distance, which means something within half the space.
struct SeqNumber {
  uint32_t value = 0;

  bool operator==(const SeqNumber&) const = default;
  SeqNumber& operator+=(uint32_t bytes) { return value += bytes, *this; }
  friend constexpr SeqNumber operator+(SeqNumber a, uint32_t bytes) { return {a.value + bytes}; }
  friend constexpr SeqNumber operator-(SeqNumber a, uint32_t bytes) { return {a.value - bytes}; }
};

// Bytes from `from` forward to `to`; negative if `to` lies behind.
constexpr int32_t distance(SeqNumber from, SeqNumber to) {
  return static_cast<int32_t>(to.value - from.value);
}

constexpr bool before(SeqNumber a, SeqNumber b) { return distance(a, b) > 0; }
constexpr bool at_or_before(SeqNumber a, SeqNumber b) { return distance(a, b) >= 0; }
constexpr SeqNumber later(SeqNumber a, SeqNumber b) { return before(a, b) ? b : a; }
constexpr SeqNumber earlier(SeqNumber a, SeqNumber b) { return before(a, b) ? a : b; }

// Whether begin <= seq < begin + length, modulo 2^32, for any length.
constexpr bool within(SeqNumber seq, SeqNumber begin, uint32_t length) {
  return seq.value - begin.value < length;
}

}  // namespace ukstore::net
