// Writes to the top page table.
#include "trap.h"
int main() {
  uint64_t root;
  asm volatile("mov %%cr3, %0" : "=r"(root));
  *trap::at(0xffff800000000000 + root) = 0;
  return trap::survived();
}
