// Writes to the guard page below one of libos's own stacks.
#include <ukstore/libos/core/layout.h>

#include "trap.h"
int main() {
  *trap::at(ukstore::libos::kKernelBase + 4000) = 1;
  return trap::survived();
}
