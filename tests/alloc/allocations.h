#pragma once
// Allocations of this test binary that fail when told to.
//
// Without sanitizers malloc itself is replaced, so LMDB's and the library's allocations count too;
// under a sanitizer, which needs malloc for itself, operator new is.

#include <cstdint>

namespace ukstore::tests {

// Of the allocations of this thread from here on, the one after `after` more fails.
void fail_allocation(uint64_t after);
// Ends that.  Whether one was made to fail.
bool stop_failing();

}  // namespace ukstore::tests
