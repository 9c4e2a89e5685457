// Jumps into its stack.
#include "trap.h"
int main() {
  uint8_t code[16] = {0xc3};
  reinterpret_cast<trap::Function>(trap::opaque(code))();
  return trap::survived();
}
