#pragma once
// How often a test does what it does: a count for every day, and the full one for the long run.

#include <cstdlib>
#include <string_view>

namespace ukstore::tests {

// `long_mode` if UKSTORE_TEST_LONG=1 is in the environment, else `normal`.
inline int count(int normal, int long_mode) {
  const char* mode = std::getenv("UKSTORE_TEST_LONG");
  return mode && std::string_view(mode) == "1" ? long_mode : normal;
}

}  // namespace ukstore::tests
