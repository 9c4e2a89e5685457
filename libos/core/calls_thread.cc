// Threads, futexes, signals (which there are none of) and the end.

#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/file.h>
#include <ukstore/libos/core/futex.h>
#include <ukstore/libos/core/system_calls.h>

namespace ukstore::libos {
namespace {

struct TimeSpec {
  int64_t seconds, nanoseconds;
};

constexpr int kSignalExit = 128;

[[noreturn]] void end_program(int code) {
  sync_files();
  power_off(code & 0xff);
}

int64_t call_exit(const SyscallFrame& f) {
  if (thread_count() == 1) end_program(static_cast<int>(f.rdi));
  if (uint64_t address = current_thread()->clear_id_address) {
    auto* word = reinterpret_cast<uint32_t*>(address);
    *word = 0;
    futex_wake(word, 1, UINT32_MAX);
  }
  exit_thread();
}

int64_t call_exit_group(const SyscallFrame& f) { end_program(static_cast<int>(f.rdi)); }

// A signal to ourselves ends the program, as its default action would.
int64_t call_tgkill(const SyscallFrame& f) { end_program(kSignalExit + static_cast<int>(f.rdx)); }
int64_t call_kill(const SyscallFrame& f) { end_program(kSignalExit + static_cast<int>(f.rsi)); }

int64_t call_clone(const SyscallFrame& f) {
  constexpr uint64_t kNeeded = CLONE_VM | CLONE_THREAD | CLONE_SETTLS;
  if ((f.rdi & kNeeded) != kNeeded) return -ENOSYS;
  Thread* thread = start_thread(f, f.rsi, f.r8);
  if (!thread) return -EAGAIN;
  if (f.rdi & CLONE_PARENT_SETTID) *reinterpret_cast<uint32_t*>(f.rdx) = thread->id;
  if (f.rdi & CLONE_CHILD_SETTID) *reinterpret_cast<uint32_t*>(f.r10) = thread->id;
  if (f.rdi & CLONE_CHILD_CLEARTID) thread->clear_id_address = f.r10;
  return thread->id;
}

int64_t call_set_tid_address(const SyscallFrame& f) {
  current_thread()->clear_id_address = f.rdi;
  return current_thread()->id;
}

uint64_t deadline_of(const TimeSpec* time, bool absolute, bool wall) {
  constexpr uint64_t kBillion = 1'000'000'000;
  if (!time) return kForever;
  if (time->seconds < 0) return 0;
  uint64_t ns = static_cast<uint64_t>(time->seconds) > kForever / kBillion - 2
                    ? kForever - 1
                    : static_cast<uint64_t>(time->seconds) * kBillion +
                          static_cast<uint64_t>(time->nanoseconds);
  if (!absolute) {
    uint64_t now = monotonic_ns();
    return ns > kForever - 1 - now ? kForever - 1 : now + ns;
  }
  if (!wall) return ns;
  uint64_t offset = wall_minus_monotonic_ns();
  return ns > offset ? ns - offset : 0;
}

int64_t call_futex(const SyscallFrame& f) {
  auto* word = reinterpret_cast<const uint32_t*>(f.rdi);
  auto value = static_cast<uint32_t>(f.rdx);
  auto* time = reinterpret_cast<const TimeSpec*>(f.r10);
  bool wall = f.rsi & FUTEX_CLOCK_REALTIME;
  switch (f.rsi & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
      return futex_wait(word, value, UINT32_MAX, deadline_of(time, false, wall));
    case FUTEX_WAIT_BITSET:
      return futex_wait(word, value, static_cast<uint32_t>(f.r9), deadline_of(time, true, wall));
    case FUTEX_WAKE:
      return futex_wake(word, value, UINT32_MAX);
    case FUTEX_WAKE_BITSET:
      return futex_wake(word, value, static_cast<uint32_t>(f.r9));
    case FUTEX_CMP_REQUEUE:
      return futex_requeue(word, reinterpret_cast<const uint32_t*>(f.r8), value,
                           static_cast<uint32_t>(f.r10), static_cast<uint32_t>(f.r9));
    default:
      return -ENOSYS;
  }
}

int64_t call_arch_prctl(const SyscallFrame& f) {
  constexpr uint64_t kSetFs = 0x1002, kGetFs = 0x1003;
  if (f.rdi == kSetFs) {
    set_fs_base(f.rsi);
    return 0;
  }
  if (f.rdi == kGetFs) {
    *reinterpret_cast<uint64_t*>(f.rsi) = current_thread()->fs_base;
    return 0;
  }
  return -EINVAL;
}

int64_t call_yield(const SyscallFrame&) {
  yield();
  return 0;
}

int64_t call_getaffinity(const SyscallFrame& f) {
  if (f.rsi < 8) return -EINVAL;
  *reinterpret_cast<uint64_t*>(f.rdx) = 1;
  return 8;
}

int64_t call_sigprocmask(const SyscallFrame& f) {
  if (f.rdx && f.r10 == 8) *reinterpret_cast<uint64_t*>(f.rdx) = 0;
  return 0;
}

int64_t call_sigaction(const SyscallFrame& f) {
  struct Action {
    uint64_t handler, flags, restorer, mask;
  };
  if (f.rdx) *reinterpret_cast<Action*>(f.rdx) = {};
  return 0;
}

int64_t call_gettid(const SyscallFrame&) { return current_thread()->id; }
int64_t call_done(const SyscallFrame&) { return 0; }
int64_t call_missing(const SyscallFrame&) { return -ENOSYS; }

}  // namespace

Call thread_call(uint64_t number) {
  switch (number) {
    case __NR_exit:
      return call_exit;
    case __NR_exit_group:
      return call_exit_group;
    case __NR_tgkill:
      return call_tgkill;
    case __NR_kill:
      return call_kill;
    case __NR_clone:
      return call_clone;
    case __NR_set_tid_address:
      return call_set_tid_address;
    case __NR_futex:
      return call_futex;
    case __NR_arch_prctl:
      return call_arch_prctl;
    case __NR_sched_yield:
      return call_yield;
    case __NR_sched_getaffinity:
      return call_getaffinity;
    case __NR_rt_sigprocmask:
      return call_sigprocmask;
    case __NR_rt_sigaction:
      return call_sigaction;
    case __NR_gettid:
      return call_gettid;
    case __NR_set_robust_list:
    case __NR_sigaltstack:
      return call_done;
    case __NR_clone3:  // glibc falls back to clone
    case __NR_rseq:
    case __NR_membarrier:
      return call_missing;
    default:
      return nullptr;
  }
}

}  // namespace ukstore::libos
