// The private calls of machine_calls.h.

#include <asm/errno.h>

#include <cstring>

#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/counters.h>
#include <ukstore/libos/core/devices.h>
#include <ukstore/libos/core/frames.h>
#include <ukstore/libos/core/machine_calls.h>
#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

WaitQueue waiting;
bool woken = false;

// Interrupts of the network device end the sleep by network_event().
int64_t call_wait(const SyscallFrame& f) {
  VirtioNet* net = network();
  while (!woken && !(net && net->ready())) {
    if (wait(waiting, f.rdi) == Woken::by_time) break;
  }
  woken = false;
  return 0;
}

int64_t call_net_info(const SyscallFrame& f) {
  VirtioNet* net = network();
  if (!net) return -ENODEV;
  *reinterpret_cast<NetInfo*>(f.rdi) = net->info();
  return 0;
}

int64_t call_net_receive(const SyscallFrame& f) {
  VirtioNet* net = network();
  if (!net) return -ENODEV;
  return static_cast<int64_t>(net->receive({reinterpret_cast<std::byte*>(f.rdi), f.rsi}));
}

int64_t call_net_send(const SyscallFrame& f) {
  VirtioNet* net = network();
  if (!net) return -ENODEV;
  auto sent = net->send({reinterpret_cast<const NetPiece*>(f.rdi), f.rsi});
  if (sent) return 0;
  return sent.error() == VirtioNet::SendError::full ? -EAGAIN : -EINVAL;
}

int64_t call_drop_cache(const SyscallFrame&) {
  drop_disk_cache();
  return 0;
}

int64_t call_wake(const SyscallFrame&) {
  woken = true;
  wake_all(waiting);
  return 0;
}

int64_t call_counters(const SyscallFrame& f) {
  MemoryCounters memory = memory_counters();
  counters.frames_total = memory.frames_total;
  counters.frames_free = memory.frames_free;
  counters.frames_committed = memory.frames_committed;
  counters.frames_table = memory.frames_table;
  counters.threads = thread_count();
  collect_device_counters();
  uint64_t bytes = f.rsi < sizeof counters ? f.rsi : sizeof counters;
  std::memcpy(reinterpret_cast<void*>(f.rdi), &counters, bytes);
  return static_cast<int64_t>(bytes);
}

int64_t call_log(const SyscallFrame& f) {
  auto [older, newer] = log_ring();
  auto* out = reinterpret_cast<char*>(f.rdi);
  uint64_t total = older.size() + newer.size();
  uint64_t skip = total > f.rsi ? total - f.rsi : 0;
  for (std::string_view piece : {older, newer}) {
    uint64_t cut = skip < piece.size() ? skip : piece.size();
    std::memcpy(out, piece.data() + cut, piece.size() - cut);
    out += piece.size() - cut;
    skip -= cut;
  }
  return out - reinterpret_cast<char*>(f.rdi);
}

int64_t call_console_read(const SyscallFrame& f) {
  auto* out = reinterpret_cast<char*>(f.rdi);
  uint64_t count = 0;
  while (count < f.rsi) {
    const int byte = console_read();
    if (byte < 0) break;
    out[count++] = static_cast<char>(byte);
  }
  return static_cast<int64_t>(count);
}

int64_t call_clock_state(const SyscallFrame&) { return wall_clock_set() ? 1 : 0; }

}  // namespace

void network_event() { wake_all(waiting); }

Call machine_call_of(uint64_t number) {
  switch (number) {
    case kWaitCall:
      return call_wait;
    case kWakeCall:
      return call_wake;
    case kNetInfoCall:
      return call_net_info;
    case kNetReceiveCall:
      return call_net_receive;
    case kNetSendCall:
      return call_net_send;
    case kDropCacheCall:
      return call_drop_cache;
    case kCountersCall:
      return call_counters;
    case kLogCall:
      return call_log;
    case kConsoleReadCall:
      return call_console_read;
    case kClockStateCall:
      return call_clock_state;
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
