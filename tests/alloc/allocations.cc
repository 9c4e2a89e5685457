#include "allocations.h"

#include <cerrno>
#include <cstdlib>
#include <new>

namespace ukstore::tests {
namespace {

thread_local bool armed = false;
thread_local bool failed = false;
thread_local uint64_t left = 0;

}  // namespace

void fail_allocation(uint64_t after) {
  left = after;
  failed = false;
  armed = true;
}

bool stop_failing() {
  armed = false;
  return failed;
}

// Whether the allocation that asks must fail.
bool must_fail() {
  if (!armed) return false;
  if (left-- > 0) return false;
  armed = false;
  failed = true;
  return true;
}

}  // namespace ukstore::tests

using ukstore::tests::must_fail;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

void* operator new(size_t bytes) {
  void* memory = must_fail() ? nullptr : std::malloc(bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return must_fail() ? nullptr : std::malloc(bytes);
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void* operator new[](size_t bytes, const std::nothrow_t& n) noexcept {
  return operator new(bytes, n);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

#else

extern "C" {

void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* memory, size_t bytes);

void* malloc(size_t bytes) {
  if (!must_fail()) return __libc_malloc(bytes);
  errno = ENOMEM;
  return nullptr;
}
void* calloc(size_t count, size_t bytes) {
  if (!must_fail()) return __libc_calloc(count, bytes);
  errno = ENOMEM;
  return nullptr;
}
void* realloc(void* memory, size_t bytes) {
  if (!must_fail()) return __libc_realloc(memory, bytes);
  errno = ENOMEM;
  return nullptr;
}

}  // extern "C"

#endif
