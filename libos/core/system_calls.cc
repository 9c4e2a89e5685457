#include <ukstore/libos/core/system_calls.h>

#include <asm/errno.h>

#include <ukstore/libos/core/call_names.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/counters.h>
#include <ukstore/libos/core/file.h>
#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

constexpr uint64_t kLinuxCalls = 452, kMachineCallFirst = 1000, kMachineCallEnd = 1016;

Call linux_calls[kLinuxCalls];
Call machine_calls[kMachineCallEnd - kMachineCallFirst];
bool strict = false;

Call find(uint64_t number) {
  for (auto family : {memory_call, file_call, thread_call, time_call, identity_call}) {
    if (Call call = family(number)) return call;
  }
  return nullptr;
}

int64_t unknown(uint64_t number) {
  if (strict) {
    panic(Trap::unknown_system_call, "system call ", number, " (", call_name(number), ")");
  }
  log("unknown system call ", number, " (", call_name(number), ")");
  return -ENOSYS;
}

}  // namespace

void system_calls_start(const Settings& settings) {
  strict = settings.strict_system_calls;
  limit_console(settings.console_bytes);
  for (uint64_t i = 0; i < kLinuxCalls; ++i) linux_calls[i] = find(i);
  for (uint64_t i = kMachineCallFirst; i < kMachineCallEnd; ++i) {
    machine_calls[i - kMachineCallFirst] = machine_call_of(i);
  }
}

}  // namespace ukstore::libos

using namespace ukstore::libos;

extern "C" int64_t libos_syscall(const SyscallFrame* frame) {
  ++counters.system_calls;
  uint64_t number = frame->number;
  Call call = number < kLinuxCalls ? linux_calls[number]
              : number >= kMachineCallFirst && number < kMachineCallEnd
                  ? machine_calls[number - kMachineCallFirst]
                  : nullptr;
  return call ? call(*frame) : unknown(number);
}
