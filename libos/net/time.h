#pragma once
// Time as the stack knows it: an argument. Nothing in libos/net reads a clock.

#include <chrono>
#include <cstdint>

namespace ukstore::net {

// The stack's clock: monotonic microseconds since an origin that the caller chooses. There is
// no now(): whoever calls the stack says what time it is, and never says an earlier one later.
struct Clock {
  using rep = int64_t;
  using period = std::micro;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;
using Time = Clock::time_point;

// A deadline that never comes.
inline constexpr Time kNever = Time::max();

}  // namespace ukstore::net
