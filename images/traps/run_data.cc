// Jumps into initialised data.
#include "trap.h"
static uint8_t code[] = {0xc3};
int main() {
  reinterpret_cast<trap::Function>(trap::opaque(code))();
  return trap::survived();
}
