#include <ukstore/libos/core/thread.h>

#include <cstring>

#include <ukstore/libos/core/apic.h>
#include <ukstore/libos/core/clock.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/x86.h>

extern "C" {
extern uint64_t libos_kernel_stack_low, libos_kernel_stack_top;
void libos_switch(uint64_t* save_rsp, uint64_t rsp);
void libos_thread_start();
}

namespace ukstore::libos {
namespace {

constexpr uint64_t kKernelStackPages = 4;
constexpr uint64_t kSliceNs = 10'000'000;
constexpr uint32_t kFsBaseMsr = 0xc0000100;

Thread* current = nullptr;
WaitQueue ready;
Thread* timers = nullptr;  // by deadline
Thread* spare = nullptr;   // ended threads, their stacks kept for the next
Thread* ending = nullptr;  // ended, but its stack is still in use until the next switch
size_t live = 0;
uint32_t last_id = 0;
uint64_t slice_end = kForever;
bool woke_some = false;
bool idle = false;
uint64_t vector_state_bytes = 0;

void push(WaitQueue& queue, Thread* thread) {
  thread->next = nullptr;
  (queue.last ? queue.last->next : queue.first) = thread;
  queue.last = thread;
}

void remove(WaitQueue& queue, Thread* thread) {
  Thread* before = nullptr;
  for (Thread* at = queue.first; at; before = at, at = at->next) {
    if (at != thread) continue;
    (before ? before->next : queue.first) = at->next;
    if (queue.last == at) queue.last = before;
    return;
  }
}

void add_timer(Thread* thread) {
  Thread** at = &timers;
  while (*at && (*at)->deadline_ns <= thread->deadline_ns) at = &(*at)->timer_next;
  thread->timer_next = *at;
  *at = thread;
}

void remove_timer(Thread* thread) {
  for (Thread** at = &timers; *at; at = &(*at)->timer_next) {
    if (*at != thread) continue;
    *at = thread->timer_next;
    return;
  }
}

void arm_for(uint64_t deadline) {
  if (timers && timers->deadline_ns < deadline) deadline = timers->deadline_ns;
  if (deadline != kForever) arm_timer(deadline);
}

// A time slice starts to count once somebody else wants to run.
void start_slice() {
  if (slice_end != kForever) return;
  slice_end = monotonic_ns() + kSliceNs;
  arm_for(slice_end);
}

void make_ready(Thread* thread) {
  remove(*thread->waits_in, thread);
  thread->waits_in = nullptr;
  if (thread->deadline_ns != kForever) remove_timer(thread);
  push(ready, thread);
  woke_some = true;
  if (!idle) start_slice();
}

void expire_timers() {
  if (!timers) return;
  uint64_t now = monotonic_ns();
  while (timers && timers->deadline_ns <= now) {
    Thread* thread = timers;
    thread->timed_out = true;
    make_ready(thread);
  }
}

void switch_to(Thread* next) {
  Thread* before = current;
  if (next == before) return;
  save_vector_state(before->vector_state);
  current = next;
  libos_kernel_stack_low = next->kernel_stack_low;
  libos_kernel_stack_top = next->kernel_stack_top;
  write_msr(kFsBaseMsr, next->fs_base);
  restore_vector_state(next->vector_state);
  libos_switch(&before->kernel_rsp, next->kernel_rsp);
  if (ending) {
    ending->next = spare;
    spare = ending;
    ending = nullptr;
  }
}

// Runs the next ready thread; sleeps while there is none.  The caller has put the current thread
// where somebody will find it.
void reschedule() {
  idle = true;
  expire_timers();
  while (!ready.first) {
    arm_for(kForever);
    wait_for_interrupt();
    expire_timers();
  }
  idle = false;
  Thread* next = ready.first;
  remove(ready, next);
  woke_some = false;
  slice_end = kForever;
  if (ready.first) {
    slice_end = monotonic_ns() + kSliceNs;
    arm_for(slice_end);
  } else {
    arm_for(kForever);
  }
  switch_to(next);
}

uint64_t vector_pages() { return page_ceil(sizeof(Thread) + 64 + vector_state_bytes) / kPageBytes; }

// A thread with a kernel stack and a place for its vector state: an ended one's, or a new one.
Thread* make_thread() {
  if (Thread* old = spare) {
    spare = old->next;
    Thread fresh;
    fresh.kernel_stack_low = old->kernel_stack_low;
    fresh.kernel_stack_top = old->kernel_stack_top;
    fresh.vector_state = old->vector_state;
    *old = fresh;
    return old;
  }
  std::byte* stack = kernel_pages(kKernelStackPages);
  std::byte* block = stack ? kernel_pages(vector_pages()) : nullptr;
  if (!block) return nullptr;
  auto* thread = reinterpret_cast<Thread*>(block);
  *thread = Thread{};
  thread->kernel_stack_low = reinterpret_cast<uint64_t>(stack);
  thread->kernel_stack_top = thread->kernel_stack_low + kKernelStackPages * kPageBytes;
  auto after = reinterpret_cast<uint64_t>(block) + sizeof(Thread);
  thread->vector_state = reinterpret_cast<std::byte*>((after + 63) & ~uint64_t{63});
  return thread;
}

}  // namespace

void threads_start(uint64_t vector_bytes) {
  vector_state_bytes = vector_bytes;
  Thread* thread = make_thread();
  if (!thread) panic(Trap::bad_machine, "too little memory for the main thread");
  thread->id = ++last_id;
  current = thread;
  live = 1;
  save_vector_state(thread->vector_state);
}

Thread* current_thread() { return current; }
size_t thread_count() { return live; }

Woken wait(WaitQueue& queue, uint64_t deadline_ns) {
  Thread* thread = current;
  thread->waits_in = &queue;
  thread->timed_out = false;
  thread->deadline_ns = deadline_ns;
  push(queue, thread);
  if (deadline_ns != kForever) add_timer(thread);
  reschedule();
  return thread->timed_out ? Woken::by_time : Woken::by_wake;
}

void wake_thread(Thread* thread) {
  if (thread->waits_in) make_ready(thread);
}
void wake_one(WaitQueue& queue) {
  if (queue.first) make_ready(queue.first);
}
void wake_all(WaitQueue& queue) {
  while (queue.first) make_ready(queue.first);
}

void yield() {
  expire_timers();
  if (!ready.first) return;
  push(ready, current);
  reschedule();
}

void preempt_if_due() {
  expire_timers();
  bool slice_over = slice_end != kForever && monotonic_ns() >= slice_end;
  if (ready.first && (woke_some || slice_over)) return yield();
  // The timer may come early by our clock, whose frequency is refined as it runs.
  arm_for(slice_end);
}

Thread* start_thread(const SyscallFrame& parent, uint64_t program_stack, uint64_t fs_base) {
  if (live >= kThreadsMax) return nullptr;
  Thread* thread = make_thread();
  if (!thread) return nullptr;
  ++live;
  thread->id = ++last_id;
  thread->fs_base = fs_base;
  save_vector_state(thread->vector_state);
  auto* frame = reinterpret_cast<SyscallFrame*>(thread->kernel_stack_top) - 1;
  *frame = parent;
  frame->rsp = program_stack;
  auto* stack = reinterpret_cast<uint64_t*>(frame);
  *--stack = reinterpret_cast<uint64_t>(libos_thread_start);
  stack -= 6;  // what libos_switch pops
  std::memset(stack, 0, 6 * sizeof(uint64_t));
  thread->kernel_rsp = reinterpret_cast<uint64_t>(stack);
  push(ready, thread);
  start_slice();
  return thread;
}

void exit_thread() {
  --live;
  if (ending) {
    ending->next = spare;
    spare = ending;
  }
  ending = current;
  reschedule();
  panic(Trap::panic, "an ended thread runs");
}

void set_fs_base(uint64_t base) {
  current->fs_base = base;
  write_msr(kFsBaseMsr, base);
}

}  // namespace ukstore::libos
