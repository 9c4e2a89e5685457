#include <ukstore/libos/core/apic.h>

#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

constexpr uint64_t kIoApicAddress = 0xfec00000;
constexpr uint32_t kMasked = 1u << 16, kTscDeadline = 2u << 17;
constexpr uint32_t kLines = 24;

enum Register : uint32_t {
  kTaskPriority = 0x80,
  kEndOfInterrupt = 0xb0,
  kSpurious = 0xf0,
  kTimer = 0x320,
  kLint0 = 0x350,
  kInitialCount = 0x380,
  kCurrentCount = 0x390,
  kDivide = 0x3e0,
};

volatile uint32_t* local = nullptr;
volatile uint32_t* io = nullptr;
bool tsc_deadline = false;
uint64_t timer_khz = 0;
uint8_t next_vector = kDeviceVectorFirst;

uint32_t get(Register at) { return local[at / 4]; }
void set(Register at, uint32_t value) { local[at / 4] = value; }

void set_io(uint32_t index, uint32_t value) {
  io[0] = index;
  io[4] = value;
}

// Counts the local timer for 1 ms of TSC time.  The TSC is read before the count begins and after
// it ends, so that a processor that does not run in between can only make the timer look slow: the
// highest of several readings is right.
void calibrate_timer() {
  uint64_t hz = tsc_hz(), span = hz / 1000;
  uint64_t best = 0;
  for (int i = 0; i < 4; ++i) {
    uint64_t begin = read_tsc(), now = begin;
    set(kInitialCount, UINT32_MAX);
    while (now - begin < span) now = read_tsc();
    uint64_t ticks = UINT32_MAX - get(kCurrentCount);
    uint64_t value = ticks * (hz / 1000) / (read_tsc() - begin);
    if (value > best) best = value;
  }
  set(kInitialCount, 0);
  timer_khz = best ? best : 1;
}

}  // namespace

void apic_start() {
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
  constexpr uint32_t kBaseMsr = 0x1b;
  uint64_t base = read_msr(kBaseMsr);
  write_msr(kBaseMsr, base | 1u << 11);
  local = reinterpret_cast<volatile uint32_t*>(map_device(base & 0xffffff000, 4096));
  tsc_deadline = cpuid(1).ecx & 1u << 24;
  set(kTaskPriority, 0);
  set(kLint0, kMasked);
  set(kSpurious, 0x100 | kSpuriousVector);
  set(kDivide, 0x0b);  // by one
  set(kTimer, kTimerVector | (tsc_deadline ? kTscDeadline : 0));
}

void arm_timer(uint64_t deadline_ns) {
  if (tsc_deadline) return write_msr(0x6e0, tsc_at(deadline_ns));
  if (!timer_khz) calibrate_timer();
  uint64_t now = monotonic_ns();
  uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
  constexpr uint64_t kLongest = 1'000'000'000;  // a later deadline is armed again on the way
  if (left > kLongest) left = kLongest;
  uint64_t ticks = left * timer_khz / 1'000'000 + 1;
  set(kInitialCount, ticks > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(ticks));
}

void end_of_interrupt() { set(kEndOfInterrupt, 0); }

uint8_t allocate_vector() {
  if (next_vector > kDeviceVectorLast) panic(Trap::bad_machine, "more devices than vectors");
  return next_vector++;
}

void route_line(uint32_t irq, uint8_t vector) {
  if (irq >= kLines) panic(Trap::bad_machine, "interrupt line ", irq, " is beyond the IO-APIC");
  if (!io) io = reinterpret_cast<volatile uint32_t*>(map_device(kIoApicAddress, 4096));
  set_io(0x11 + irq * 2, (read_msr(0x1b) & 0x100) ? local[0x20 / 4] & 0xff000000 : 0);
  set_io(0x10 + irq * 2, vector);  // fixed, edge, active high
}

uint64_t msi_address() { return 0xfee00000 | (local[0x20 / 4] >> 24) << 12; }

}  // namespace ukstore::libos
