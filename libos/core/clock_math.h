#pragma once
// The arithmetic of clocks, apart from the clocks.

#include <cstdint>
#include <optional>

namespace ukstore::libos {

inline constexpr uint64_t kPitHz = 1'193'182;
inline constexpr uint64_t kNsPerSecond = 1'000'000'000;

// a * b / c by way of 128 bits, rounded down.  The result must fit into 64.
inline uint64_t multiply_divide(uint64_t a, uint64_t b, uint64_t c) {
  uint64_t low, high, quotient, rest;
  asm("mulq %3" : "=a"(low), "=d"(high) : "0"(a), "rm"(b));
  asm("divq %4" : "=a"(quotient), "=d"(rest) : "0"(low), "1"(high), "rm"(c));
  return quotient;
}

// How KVM tells the slope of its clock (Linux, Documentation/virt/kvm/x86/msr.rst): nanoseconds are
// the TSC's ticks, shifted left by `shift` (right if negative), times `multiplier` / 2^32.
struct KvmSlope {
  uint32_t multiplier;  // not 0
  int8_t shift;
};
inline uint64_t kvm_ns(KvmSlope slope, uint64_t ticks) {
  uint64_t scaled = slope.shift < 0 ? ticks >> -slope.shift : ticks << slope.shift;
  return multiply_divide(scaled, slope.multiplier, uint64_t{1} << 32);
}
inline uint64_t kvm_hz(KvmSlope slope) {
  uint64_t value = multiply_divide(kNsPerSecond, uint64_t{1} << 32, slope.multiplier);
  return slope.shift < 0 ? value << -slope.shift : value >> slope.shift;
}

// TSC ticks that last at least `ns`; of at most an hour, after which a sleeper looks again.
inline uint64_t ticks_of(uint64_t ns, uint64_t hz) {
  constexpr uint64_t kLongest = 3600 * kNsPerSecond;
  return multiply_divide(ns < kLongest ? ns : kLongest, hz, kNsPerSecond) + 1;
}

// The PIT counts down in 16 bits.
inline uint64_t pit_ticks(uint16_t before, uint16_t after) {
  return static_cast<uint16_t>(before - after);
}

// The TSC's frequency, better known: `tsc_ticks` passed while the PIT counted from `before` to
// `after`, wrapping any number of times.  Nullopt if that is more than a hundredth off `hz`, so
// that the number of turns cannot be told.
inline std::optional<uint64_t> refined_hz(uint64_t hz, uint64_t tsc_ticks, uint16_t before,
                                          uint16_t after) {
  uint64_t expected = multiply_divide(tsc_ticks, kPitHz, hz);
  auto off = static_cast<int16_t>(static_cast<uint16_t>(pit_ticks(before, after) - expected));
  uint64_t ticks = expected + static_cast<uint64_t>(int64_t{off});
  if (ticks == 0) return std::nullopt;
  uint64_t better = multiply_divide(tsc_ticks, kPitHz, ticks);
  uint64_t difference = better > hz ? better - hz : hz - better;
  return difference < hz / 100 ? std::optional(better) : std::nullopt;
}

}  // namespace ukstore::libos
