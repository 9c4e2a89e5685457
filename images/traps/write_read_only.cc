// Writes to memory that it has made read-only.
#include <sys/mman.h>

#include "trap.h"
int main() {
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *trap::at(reinterpret_cast<uint64_t>(page)) = 1;
  return trap::survived();
}
