// Calls a null pointer.
#include "trap.h"
int main() {
  reinterpret_cast<trap::Function>(reinterpret_cast<uint64_t>(trap::at(0)))();
  return trap::survived();
}
