// Asks libos itself for a page that is writable and executable.
#include <ukstore/libos/core/paging.h>

#include "trap.h"
int main() {
  using namespace ukstore::libos;
  static int word;
  auto address = reinterpret_cast<uint64_t>(&word) & ~uint64_t{4095};
  TableWrite write{leaf_of(address), address | pte::kPresent | pte::kWritable, address, true};
  asm volatile("cli");
  pt_write({&write, 1});
  return trap::survived();
}
