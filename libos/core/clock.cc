#include <ukstore/libos/core/clock.h>

#include <ukstore/libos/core/civil_time.h>
#include <ukstore/libos/core/clock_math.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

constexpr uint64_t kSampleTicks = kPitHz / 400;  // 2.5 ms, twice
constexpr uint64_t kBillion = kNsPerSecond;

// A reading of both clocks.  `width` is how long, in TSC ticks, the reading of the PIT took: the
// error of `tsc` is at most half of it.
struct Sample {
  uint64_t tsc = 0, width = UINT64_MAX;
  uint16_t pit = 0;
};

// now = base_ns + (tsc - base_tsc) * scale / 2^32
uint64_t base_ns = 0, base_tsc = 0, scale = 0;
uint64_t hz = 0;
Sample first;
uint64_t refine_at = 0;      // TSC
uint64_t measured_span = 0;  // TSC ticks between the samples that gave `hz`
bool by_pit = true;
uint64_t wall_offset_ns = 0;
bool wall_known = false, wall_read = false;
uint64_t wall_setting = 0;

Sample read_once() {
  Sample s;
  uint64_t before = read_tsc();
  out8(0x43, 0);  // latch channel 0
  uint64_t after = read_tsc();
  s.pit = in8(0x40);
  s.pit = static_cast<uint16_t>(s.pit | in8(0x40) << 8);
  s.tsc = before + (after - before) / 2;
  s.width = after - before;
  return s;
}

Sample read_sample() {
  Sample best;
  for (int i = 0; i < 6; ++i) {
    Sample s = read_once();
    if (s.width < best.width) best = s;
  }
  return best;
}

uint64_t ticks_between(const Sample& a, const Sample& b) { return pit_ticks(a.pit, b.pit); }

// A new slope from `tsc` on, with no step there.
void set_frequency(uint64_t new_hz, uint64_t tsc) {
  if (hz) base_ns += multiply_divide(tsc - base_tsc, scale, uint64_t{1} << 32);
  base_tsc = tsc;
  hz = new_hz;
  scale = multiply_divide(kBillion, uint64_t{1} << 32, hz);
}

// Waits until `ticks` of the PIT have passed since `from`.
Sample sample_after(const Sample& from, uint64_t ticks) {
  for (;;) {
    Sample s = read_once();
    if (ticks_between(from, s) >= ticks) return read_sample();
  }
}

uint64_t frequency(const Sample& a, const Sample& b) {
  return multiply_divide(b.tsc - a.tsc, kPitHz, ticks_between(a, b));
}

// Two samples in a row must agree within 1 %: a processor that did not run in between, or a PIT
// that wrapped, shows as a difference.
void calibrate() {
  constexpr uint64_t kMaybeWrapped = 40'000'000;
  for (int tries = 0; tries < 50; ++tries) {
    if (tries || read_tsc() - first.tsc > kMaybeWrapped) first = read_sample();
    Sample middle = sample_after(first, kSampleTicks);
    Sample last = sample_after(middle, kSampleTicks);
    if (first.width > 100'000 || middle.width > 100'000 || last.width > 100'000) continue;
    uint64_t a = frequency(first, middle), b = frequency(middle, last);
    uint64_t difference = a > b ? a - b : b - a;
    if (difference > a / 100 || a < 100'000'000 || a > 20'000'000'000) continue;
    set_frequency(frequency(first, last), base_tsc);
    measured_span = last.tsc - first.tsc;
    refine_at = last.tsc + hz / 4;
    log("clock: TSC at ", hz / 1000, " kHz by the PIT");
    return;
  }
  log("clock: the PIT gives no stable answer; taking the TSC for 1 GHz");
  set_frequency(kBillion, base_tsc);
  by_pit = false;
}

// The longer the time since the first sample, the better the frequency.  The PIT has wrapped in
// between; how often is known as long as the error so far is below half a turn, so after too long a
// silence the measurement begins anew.
void refine(uint64_t tsc) {
  Sample now = read_once();
  refine_at = tsc + hz / 8;
  if (now.width > first.width * 4 + 20'000) return;
  uint64_t span = now.tsc - first.tsc;
  uint64_t farthest = measured_span * 20 > hz / 2 ? measured_span * 20 : hz / 2;
  if (span > farthest) {
    first = now;
    return;
  }
  refine_at = tsc + span * 3;
  auto better = refined_hz(hz, span, first.pit, now.pit);
  if (!better) return;
  set_frequency(*better, tsc);
  measured_span = span;
}

// The host's kvmclock: frequency and, from the wall clock structure, the date.
bool paravirtual() {
  Cpuid id = cpuid(0x40000000);
  if (id.ebx != 0x4b4d564b || !(cpuid(0x40000001).eax & 8)) return false;
  struct alignas(64) {
    uint32_t version, pad0;
    uint64_t tsc, system_ns;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags, pad1[2];
  } volatile static time;
  struct alignas(64) {
    uint32_t version, seconds, ns;
  } volatile static wall;
  // The image is mapped where it was loaded, so its addresses are physical.
  write_msr(0x4b564d01, reinterpret_cast<uint64_t>(&time) | 1);
  KvmSlope slope;
  uint64_t tsc_then, ns_then;
  uint32_t version;
  do {  // an odd version is being written
    version = time.version;
    slope = {time.multiplier, time.shift};
    tsc_then = time.tsc;
    ns_then = time.system_ns;
  } while (version % 2 || version != time.version);
  if (!slope.multiplier) return false;
  base_tsc = read_tsc();
  set_frequency(kvm_hz(slope), base_tsc);
  uint64_t up_ns = ns_then + kvm_ns(slope, base_tsc - tsc_then);
  write_msr(0x4b564d00, reinterpret_cast<uint64_t>(&wall));
  wall_offset_ns = wall.seconds * kBillion + wall.ns + up_ns;
  wall_known = wall_read = wall.seconds != 0;
  write_msr(0x4b564d01, 0);
  by_pit = false;
  return true;
}

uint8_t cmos(uint8_t index) {
  out8(0x70, index);
  return in8(0x71);
}

CmosTime read_cmos() {
  for (int tries = 0; (cmos(10) & 0x80) && tries < 10000; ++tries) {
  }
  return {cmos(0), cmos(2), cmos(4), cmos(7), cmos(8), cmos(9), cmos(11)};
}

void find_wall_time() {
  wall_read = true;
  CmosTime a = read_cmos();
  for (int tries = 0; tries < 5; ++tries) {
    CmosTime b = read_cmos();
    if (a == b) break;
    a = b;
  }
  uint64_t now = monotonic_ns();
  uint64_t seconds = seconds_since_1970(a).value_or(wall_setting);
  wall_known = seconds != 0;
  wall_offset_ns = seconds * kBillion - (seconds ? now : 0);
}

}  // namespace

void clock_start(uint64_t wall_seconds_setting) {
  wall_setting = wall_seconds_setting;
  base_tsc = read_tsc();
  if (paravirtual()) return;
  out8(0x43, 0x30);  // channel 0 counts down once from 65536, and goes on wrapping
  out8(0x40, 0xff);
  out8(0x40, 0xff);
  first = read_sample();
}

uint64_t monotonic_ns() {
  if (!hz) calibrate();
  uint64_t tsc = read_tsc();
  if (by_pit && tsc > refine_at) refine(tsc);
  return base_ns + multiply_divide(tsc - base_tsc, scale, uint64_t{1} << 32);
}

uint64_t wall_minus_monotonic_ns() {
  if (!wall_read) find_wall_time();
  return wall_offset_ns;
}

uint64_t wall_ns() {
  uint64_t offset = wall_minus_monotonic_ns();
  return offset + monotonic_ns();
}

bool wall_clock_set() {
  if (!wall_read) find_wall_time();
  return wall_known;
}

uint64_t tsc_hz() {
  monotonic_ns();
  return hz;
}

uint64_t tsc_at(uint64_t deadline_ns) {
  uint64_t now = monotonic_ns();
  return read_tsc() + ticks_of(deadline_ns > now ? deadline_ns - now : 0, hz);
}

}  // namespace ukstore::libos
