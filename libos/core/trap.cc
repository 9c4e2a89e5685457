// What interrupts and exceptions mean.

#include <ukstore/libos/core/apic.h>
#include <ukstore/libos/core/counters.h>
#include <ukstore/libos/core/descriptors.h>
#include <ukstore/libos/core/devices.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/space.h>
#include <ukstore/libos/core/thread.h>
#include <ukstore/libos/core/x86.h>

extern "C" uint64_t libos_kernel_stack_top;

namespace ukstore::libos {
namespace {

constexpr uint64_t kStackReach = 128 * 1024;

enum ErrorBit : uint64_t { kPresent = 1, kWrite = 2, kFetch = 16 };

bool from_program(const TrapFrame& frame) {
  return reinterpret_cast<uint64_t>(&frame + 1) == libos_kernel_stack_top;
}

template <typename... Parts>
[[noreturn]] void die(Trap trap, const TrapFrame& frame, const Parts&... parts) {
  Line line;
  line.add(parts...);
  stop(trap, line.view(), &frame);
}

// The frame that a mapped address leads to; 0 outside of the image and the direct map.
uint64_t physical_of(uint64_t address) {
  return address >= kDirectBase && address < kDeviceBase ? address - kDirectBase : address;
}

[[noreturn]] void die_of_write(const TrapFrame& frame, uint64_t address) {
  switch (frame_kind(physical_of(address))) {
    case FrameKind::text:
      die(Trap::write_to_text, frame, "a write to ", hex(address));
    case FrameKind::rodata:
      die(Trap::write_to_rodata, frame, "a write to ", hex(address));
    case FrameKind::table:
      die(Trap::write_to_page_table, frame, "a write to ", hex(address));
    default:
      die(Trap::forbidden, frame, "a write to ", hex(address));
  }
}

[[noreturn]] void die_of_fault(const TrapFrame& frame, uint64_t address, Fault fault) {
  bool near_stack = address + kStackReach > frame.rsp && address < frame.rsp + kStackReach;
  const char* what = frame.error & kFetch   ? "a jump to "
                     : frame.error & kWrite ? "a write to "
                                            : "a read of ";
  if (address < kPageBytes) die(Trap::null_pointer, frame, what, hex(address));
  if (is_kernel_guard(address)) die(Trap::kernel_stack_overflow, frame, what, hex(address));
  if (fault.result == FaultResult::guard && near_stack) {
    die(Trap::stack_overflow, frame, "stack overflow in thread ", current_thread()->id, ": ", what,
        hex(address));
  }
  if (fault.result == FaultResult::past_end_of_file) {
    die(Trap::past_end_of_file, frame, "a mapped file ends before offset ", fault.file_offset);
  }
  if (fault.result == FaultResult::file_error) {
    die(Trap::file_error, frame, "the disk does not give offset ", fault.file_offset);
  }
  bool something = frame.error & kPresent || fault.result != FaultResult::nothing;
  if (frame.error & kFetch && something) die(Trap::execute_data, frame, what, hex(address));
  if (frame.error & kPresent && frame.error & kWrite) die_of_write(frame, address);
  die(something ? Trap::forbidden : Trap::unmapped, frame, what, hex(address));
}

void page_fault(const TrapFrame& frame) {
  uint64_t address = read_cr2();
  ++counters.page_faults;
  Access wanted = frame.error & kFetch   ? Access::execute
                  : frame.error & kWrite ? Access::write
                                         : Access::read;
  Fault fault{FaultResult::nothing};
  if (address >= kBreakBase && address < kMmapEnd) {
    fault = space_fault(address, wanted);
    if (fault.result == FaultResult::mapped) return;
  }
  die_of_fault(frame, address, fault);
}

void interrupt(const TrapFrame& frame) {
  ++counters.interrupts;
  if (frame.vector != kSpuriousVector) end_of_interrupt();
  device_interrupt(static_cast<uint8_t>(frame.vector));
  if (from_program(frame)) preempt_if_due();
}

}  // namespace

Counters counters = {};

}  // namespace ukstore::libos

using namespace ukstore::libos;

extern "C" void libos_trap(TrapFrame* frame) {
  if (frame->vector >= 32) return interrupt(*frame);
  switch (frame->vector) {
    case 0:
      die(Trap::divide_error, *frame, "division by zero, or a quotient that does not fit");
    case 6:
      die(Trap::invalid_opcode, *frame, "at ", hex(frame->rip));
    case 8:
      die(Trap::double_fault, *frame, "a fault while a fault was taken");
    case 13:
      die(Trap::general_protection, *frame, "at ", hex(frame->rip));
    case 14:
      return page_fault(*frame);
    default:
      die(Trap::processor_exception, *frame, "exception ", frame->vector);
  }
}
