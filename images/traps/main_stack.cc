// Recurses until the main thread's stack ends.
#include "trap.h"
static int deeper(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? frame[0] : deeper(depth + 1) + frame[0];
}
int main() { return trap::survived() + deeper(0); }
