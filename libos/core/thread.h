#pragma once
// Threads of the program, on one processor.
//
// libos runs with interrupts off and is never preempted; it gives up the processor only in wait()
// and yield().  The program runs with interrupts on and is preempted at the end of its time slice,
// or when an interrupt made another thread ready.

#include <cstddef>
#include <cstdint>

#include <ukstore/libos/core/descriptors.h>

namespace ukstore::libos {

inline constexpr uint64_t kForever = UINT64_MAX;
inline constexpr size_t kThreadsMax = 1024;

struct WaitQueue;

struct Thread {
  uint32_t id = 0;
  Thread* next = nullptr;  // in the one queue that holds it
  uint64_t kernel_rsp = 0, kernel_stack_low = 0, kernel_stack_top = 0;
  uint64_t fs_base = 0;
  std::byte* vector_state = nullptr;
  uint64_t clear_id_address = 0;  // zeroed, and woken as a futex, when the thread ends

  WaitQueue* waits_in = nullptr;
  bool timed_out = false;
  uint64_t deadline_ns = kForever;
  Thread* timer_next = nullptr;
  const uint32_t* futex = nullptr;
  uint32_t futex_bits = 0;
};

// First come, first served.
struct WaitQueue {
  Thread* first = nullptr;
  Thread* last = nullptr;
};

enum class Woken : uint8_t { by_wake, by_time };

// Turns what runs now into the main thread.  `vector_bytes` is what its vector state takes.
void threads_start(uint64_t vector_bytes);
Thread* current_thread();
size_t thread_count();

// Sleeps in `queue` until woken, or until the monotonic clock reaches `deadline_ns`.
Woken wait(WaitQueue& queue, uint64_t deadline_ns);
void wake_one(WaitQueue& queue);
void wake_all(WaitQueue& queue);
// Wakes a thread that sleeps in some queue.
void wake_thread(Thread* thread);

// Lets other ready threads run first.
void yield();

// Called on the way back to the program from an interrupt: does what is due.
void preempt_if_due();

// A new thread that begins as a copy of the current system call, with its own stack and FS base.
// Null if there is no memory or kThreadsMax are running.
struct SyscallFrame;
Thread* start_thread(const SyscallFrame& parent, uint64_t program_stack, uint64_t fs_base);

// Ends the current thread.
[[noreturn]] void exit_thread();

// Sets the current thread's FS base.
void set_fs_base(uint64_t base);

// What `syscall` left on the kernel stack.  Written by entry.S.
struct SyscallFrame {
  uint64_t r9, r8, r10, rdx, rsi, rdi, number, flags, rip, rsp;
};

}  // namespace ukstore::libos
