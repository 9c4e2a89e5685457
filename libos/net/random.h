#pragma once
// Chance as a value: whoever builds a stack or a simulated link seeds it.

#include <cassert>
#include <cstdint>

namespace ukstore::net {

// SplitMix64: fast, 64 bits of state, good enough for ports, jitter and simulated faults.  Not for
// secrets: those come from SecretKey.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }

  // A number in [0, bound); bound is positive.
  uint64_t below(uint64_t bound) {
    assert(bound > 0);
    return next() % bound;
  }

  // True with this probability.
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }

 private:
  uint64_t state_;
};

}  // namespace ukstore::net
