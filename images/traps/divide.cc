// Divides by zero.
#include "trap.h"
int main() {
  int zero = 0;
  asm volatile("" : "+r"(zero));
  int quotient;
  asm volatile("cltd; idivl %1" : "=a"(quotient) : "r"(zero), "0"(7) : "edx");
  return trap::survived() + quotient;
}
