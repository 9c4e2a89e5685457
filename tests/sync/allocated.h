#pragma once
// How much memory the program holds, as its allocator counts it.

#include <malloc.h>

#include <cstddef>

#ifdef __SANITIZE_ADDRESS__
// Of sanitizer/allocator_interface.h, which g++ 12 does not bring.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace ukstore::tests {

inline size_t allocated_bytes() {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

}  // namespace ukstore::tests
