// Writes to a constant.
#include "trap.h"
static const char kText[] = "a constant";
int main() {
  *trap::at(reinterpret_cast<uint64_t>(kText)) = 'A';
  return trap::survived();
}
