#pragma once
// A process in the machine's place: panics are exceptions, pages come from the heap.

#include <string>

#include <ukstore/libos/core/trap_codes.h>

namespace libos_test {

struct Stopped {
  ukstore::libos::Trap trap;
  std::string reason;
};

// Gives back every page that drivers took.
void free_dma_pages();

}  // namespace libos_test
