#pragma once
// How often the heavy tests do what they do.

#include <ukstore/tests/counts.h>

namespace ukstore::tests {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kIsSlow = true;  // the sanitizers make this some thirty times slower
#else
constexpr bool kIsSlow = false;
#endif

// `slow` under the sanitizers; else as count().
inline int count(int slow, int normal, int long_mode) {
  return kIsSlow ? slow : count(normal, long_mode);
}

}  // namespace ukstore::tests
