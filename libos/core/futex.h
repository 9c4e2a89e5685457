#pragma once
#include <cstdint>

namespace ukstore::libos {

// Sleeps while `*word` is `expected`; 0, -EAGAIN if it was not, -ETIMEDOUT at `deadline_ns`.
int64_t futex_wait(const uint32_t* word, uint32_t expected, uint32_t bits, uint64_t deadline_ns);

// Wakes up to `count` threads that sleep on `word` with one of `bits`; how many it were.
int64_t futex_wake(const uint32_t* word, uint32_t count, uint32_t bits);

// Wakes up to `wake` and moves up to `move` others to `target`; -EAGAIN if `*word` is not
// `expected`.
int64_t futex_requeue(const uint32_t* word, const uint32_t* target, uint32_t wake, uint32_t move,
                      uint32_t expected);

}  // namespace ukstore::libos
