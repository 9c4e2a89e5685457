#pragma once
// A token bucket: how often something that a stranger provokes may happen.

#include <ukstore/libos/net/time.h>
#include <algorithm>

namespace ukstore::net {

class RateLimit {
 public:
  RateLimit(uint32_t per_second, uint32_t burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // Whether it may happen once more at `now`; counts it if so.
  bool take(Time now) {
    if (now > filled_) {
      // Beyond a full bucket the elapsed time does not matter, and could overflow.
      int64_t elapsed_us = std::min<int64_t>((now - filled_).count(), 3'600'000'000);
      uint64_t earned = static_cast<uint64_t>(elapsed_us) * per_second_ / 1'000'000;
      if (earned > 0) {
        tokens_ = static_cast<uint32_t>(std::min<uint64_t>(burst_, tokens_ + earned));
        filled_ = now;
      }
    }
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  uint32_t per_second_;
  uint32_t burst_;
  uint32_t tokens_;
  Time filled_{};
};

}  // namespace ukstore::net
