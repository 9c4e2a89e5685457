// Runs into an instruction that is none.
#include "trap.h"
int main() {
  asm volatile("ud2");
  return trap::survived();
}
