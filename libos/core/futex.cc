#include <ukstore/libos/core/futex.h>

#include <asm/errno.h>

#include <ukstore/libos/core/thread.h>

namespace ukstore::libos {
namespace {

WaitQueue buckets[64];

WaitQueue& bucket_of(const uint32_t* word) {
  return buckets[(reinterpret_cast<uint64_t>(word) >> 2) % 64];
}

uint32_t load(const uint32_t* word) { return *static_cast<const volatile uint32_t*>(word); }

}  // namespace

int64_t futex_wait(const uint32_t* word, uint32_t expected, uint32_t bits, uint64_t deadline_ns) {
  if (load(word) != expected) return -EAGAIN;
  Thread* thread = current_thread();
  thread->futex = word;
  thread->futex_bits = bits;
  return wait(bucket_of(word), deadline_ns) == Woken::by_time ? -ETIMEDOUT : 0;
}

int64_t futex_wake(const uint32_t* word, uint32_t count, uint32_t bits) {
  int64_t woken = 0;
  Thread* next = nullptr;
  for (Thread* t = bucket_of(word).first; t && woken < count; t = next) {
    next = t->next;
    if (t->futex != word || !(t->futex_bits & bits)) continue;
    wake_thread(t);
    ++woken;
  }
  return woken;
}

int64_t futex_requeue(const uint32_t* word, const uint32_t* target, uint32_t wake, uint32_t move,
                      uint32_t expected) {
  if (load(word) != expected) return -EAGAIN;
  int64_t done = futex_wake(word, wake, UINT32_MAX);
  // A move within one bucket only renames; across buckets the thread is woken instead, which is
  // allowed: every waiter must stand a spurious wake-up.
  Thread* next = nullptr;
  for (Thread* t = bucket_of(word).first; t && move; t = next) {
    next = t->next;
    if (t->futex != word) continue;
    if (&bucket_of(target) == &bucket_of(word)) {
      t->futex = target;
    } else {
      wake_thread(t);
    }
    --move;
    ++done;
  }
  return done;
}

}  // namespace ukstore::libos
