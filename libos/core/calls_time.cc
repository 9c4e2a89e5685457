// Clocks and sleeping.

#include <asm/errno.h>
#include <asm/unistd_64.h>

#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

constexpr uint64_t kBillion = 1'000'000'000;

struct TimeSpec {
  int64_t seconds, nanoseconds;
};

// Linux's clock numbers.  Processor time is the monotonic clock: there is one program.
enum Clock : uint64_t { kRealtime = 0, kRealtimeCoarse = 5, kTai = 11, kClocks = 12 };

bool is_wall(uint64_t clock) {
  return clock == kRealtime || clock == kRealtimeCoarse || clock == kTai;
}
uint64_t read(uint64_t clock) { return is_wall(clock) ? wall_ns() : monotonic_ns(); }

int64_t call_gettime(const SyscallFrame& f) {
  // Negative numbers name the processor time of a thread.
  if (f.rdi >= kClocks && static_cast<int64_t>(f.rdi) >= 0) return -EINVAL;
  uint64_t now = read(f.rdi);
  *reinterpret_cast<TimeSpec*>(f.rsi) = {static_cast<int64_t>(now / kBillion),
                                         static_cast<int64_t>(now % kBillion)};
  return 0;
}

int64_t call_getres(const SyscallFrame& f) {
  if (f.rdi >= kClocks) return -EINVAL;
  if (f.rsi) *reinterpret_cast<TimeSpec*>(f.rsi) = {0, 1};
  return 0;
}

int64_t sleep_until(uint64_t deadline_ns) {
  WaitQueue nobody_wakes;
  wait(nobody_wakes, deadline_ns);
  return 0;
}

bool valid(const TimeSpec& time) {
  return time.seconds >= 0 && time.nanoseconds >= 0 && time.nanoseconds < 1'000'000'000;
}

uint64_t nanoseconds(const TimeSpec& time) {
  constexpr int64_t kSecondsMax = 1'000'000'000;
  int64_t seconds = time.seconds < kSecondsMax ? time.seconds : kSecondsMax;
  return static_cast<uint64_t>(seconds) * kBillion + static_cast<uint64_t>(time.nanoseconds);
}

int64_t call_clock_nanosleep(const SyscallFrame& f) {
  constexpr uint64_t kAbsolute = 1;
  auto& time = *reinterpret_cast<const TimeSpec*>(f.rdx);
  if (f.rdi >= kClocks || !valid(time)) return -EINVAL;
  uint64_t ns = nanoseconds(time);
  if (!(f.rsi & kAbsolute)) return sleep_until(monotonic_ns() + ns);
  uint64_t offset = is_wall(f.rdi) ? wall_minus_monotonic_ns() : 0;
  return sleep_until(ns > offset ? ns - offset : 0);
}

int64_t call_nanosleep(const SyscallFrame& f) {
  auto& time = *reinterpret_cast<const TimeSpec*>(f.rdi);
  if (!valid(time)) return -EINVAL;
  return sleep_until(monotonic_ns() + nanoseconds(time));
}

int64_t call_gettimeofday(const SyscallFrame& f) {
  uint64_t now = wall_ns();
  auto* time = reinterpret_cast<TimeSpec*>(f.rdi);
  if (time)
    *time = {static_cast<int64_t>(now / kBillion), static_cast<int64_t>(now % kBillion / 1000)};
  return 0;
}

int64_t call_time(const SyscallFrame& f) {
  auto seconds = static_cast<int64_t>(wall_ns() / kBillion);
  if (f.rdi) *reinterpret_cast<int64_t*>(f.rdi) = seconds;
  return seconds;
}

}  // namespace

Call time_call(uint64_t number) {
  switch (number) {
    case __NR_clock_gettime:
      return call_gettime;
    case __NR_clock_getres:
      return call_getres;
    case __NR_clock_nanosleep:
      return call_clock_nanosleep;
    case __NR_nanosleep:
      return call_nanosleep;
    case __NR_gettimeofday:
      return call_gettimeofday;
    case __NR_time:
      return call_time;
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
