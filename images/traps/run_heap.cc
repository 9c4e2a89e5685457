// Jumps into memory from malloc.
#include <cstdlib>

#include "trap.h"
int main() {
  auto* code = static_cast<uint8_t*>(std::malloc(64));
  *code = 0xc3;
  reinterpret_cast<trap::Function>(trap::opaque(code))();
  return trap::survived();
}
