// Reads a map of the disk beyond the disk's end.
#include <fcntl.h>
#include <sys/mman.h>

#include "trap.h"
int main() {
  int disk = open("/disk", O_RDWR);
  constexpr size_t kBytes = size_t{64} << 20;
  void* area = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, disk, 0);
  if (area == MAP_FAILED) return 3;
  int value = *trap::at(reinterpret_cast<uint64_t>(area) + kBytes - 1);
  return trap::survived() + value;
}
