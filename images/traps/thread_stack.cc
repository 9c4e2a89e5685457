// Recurses until another thread's stack ends.
#include <thread>

#include "trap.h"
static int deeper(int depth) {
  volatile char frame[512];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? frame[0] : deeper(depth + 1) + frame[0];
}
int main() {
  std::thread thread([] { deeper(0); });
  thread.join();
  return trap::survived();
}
