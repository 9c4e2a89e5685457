// From the first C++ instruction to the program's.

#include <cstring>

#include <ukstore/libos/core/apic.h>
#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/devices.h>
#include <ukstore/libos/core/frames.h>
#include <ukstore/libos/core/late.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/program_stack.h>
#include <ukstore/libos/core/pvh.h>
#include <ukstore/libos/core/random.h>
#include <ukstore/libos/core/settings.h>
#include <ukstore/libos/core/system_calls.h>
#include <ukstore/libos/core/thread.h>

extern "C" [[noreturn]] void libos_program_start(uint64_t entry, uint64_t stack);
extern "C" uint64_t libos_kernel_stack_low, libos_kernel_stack_top;

namespace ukstore::libos {
namespace {

constinit Machine machine;
Late<Settings> settings;

void enter_program() {
  uint64_t stack = make_program_stack(*settings);
  seal();
  Thread* thread = current_thread();
  libos_kernel_stack_low = thread->kernel_stack_low;
  libos_kernel_stack_top = thread->kernel_stack_top;
  libos_program_start(program_entry(), stack);
}

}  // namespace
}  // namespace ukstore::libos

using namespace ukstore::libos;

extern "C" void libos_start(uint64_t start_info) {
  console_start();
  descriptors_start();
  machine = read_start_info(start_info);
  const Settings& given =
      settings.make(parse_command_line(machine.command_line, sizeof machine.command_line));
  frames_start({machine.ram.data(), machine.ram_count});
  paging_start();
  uint64_t vector_bytes = vector_state_start();
  threads_start(vector_bytes);
  if (!given.error.empty()) {
    panic(Trap::bad_command_line, "cannot make sense of \"", given.error, "\"");
  }
  if (given.log_to_console) log_to_console();
  clock_start(given.wall_seconds);
  apic_start();
  devices_start(given);
  random_start(given.seed);
  disk_start(given);
  system_calls_start(given);
  enter_program();
}
