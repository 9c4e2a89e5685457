#include <ukstore/libos/core/panic.h>

#include <ukstore/libos/core/backtrace.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/descriptors.h>
#include <ukstore/libos/core/thread.h>

namespace ukstore::libos {
namespace {

bool stopping = false;

template <typename... Parts>
void say(const Parts&... parts) {
  Line line;
  line.add(parts..., "\n");
  serial_write(line.view());
}

void say_registers(const TrapFrame& f) {
  say("  rip ", hex(f.rip), " rsp ", hex(f.rsp), " flags ", hex(f.flags), " error ", hex(f.error));
  say("  rax ", hex(f.rax), " rbx ", hex(f.rbx), " rcx ", hex(f.rcx), " rdx ", hex(f.rdx));
  say("  rsi ", hex(f.rsi), " rdi ", hex(f.rdi), " rbp ", hex(f.rbp), " r8 ", hex(f.r8));
  say("  r9 ", hex(f.r9), " r10 ", hex(f.r10), " r11 ", hex(f.r11), " r12 ", hex(f.r12));
  say("  r13 ", hex(f.r13), " r14 ", hex(f.r14), " r15 ", hex(f.r15));
}

void say_place(uint64_t address) {
  Symbol symbol = symbol_of(address);
  say("  ", hex(address), " ", symbol.name.view(), "+", hex(symbol.offset));
}

}  // namespace

void stop(Trap trap, std::string_view reason, const TrapFrame* frame) {
  asm volatile("cli");
  if (stopping) power_off(static_cast<int>(trap));
  stopping = true;
  const Thread* thread = current_thread();
  say("\nlibos: ", name_of(trap), ": ", reason, " (thread ", thread ? thread->id : 0, ")");
  Text<41> id;
  add_build_id(id);
  say("  build ", id.view());
  if (frame) say_registers(*frame);
  backtrace(frame ? registers_of(*frame) : registers_here(), say_place);
  power_off(static_cast<int>(trap));
}

}  // namespace ukstore::libos
