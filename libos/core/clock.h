#pragma once
// Time from the time-stamp counter.
//
// Its frequency comes from the paravirtual clock where there is one, else from a sample of at least
// 5 ms against the PIT, taken when time is first asked for and refined as the machine runs.  The
// monotonic clock never steps: a refined frequency only changes its slope.

#include <cstdint>

namespace ukstore::libos {

// Starts the first sample; takes no time.
void clock_start(uint64_t wall_seconds_setting);

// Nanoseconds since clock_start().
uint64_t monotonic_ns();

// Nanoseconds since 1970, or since the start if wall_clock_set() is false.
uint64_t wall_ns();
bool wall_clock_set();

// What to take from a wall time for the monotonic time of the same moment; exact, where the
// difference of two readings would hold the time between them.
uint64_t wall_minus_monotonic_ns();

// TSC ticks that `ns` nanoseconds of monotonic time last, and the TSC at a monotonic time.
uint64_t tsc_at(uint64_t deadline_ns);
uint64_t tsc_hz();

}  // namespace ukstore::libos
