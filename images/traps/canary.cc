// Overruns a buffer on its stack; the stack protector of the program notices.
#include "trap.h"
[[gnu::noinline]] static void overrun(size_t bytes) {
  char buffer[16];
  volatile char* out = trap::opaque(buffer);
  for (size_t i = 0; i < bytes; ++i) out[i] = 'x';
}
int main() {
  overrun(48);
  return trap::survived();
}
