// Reads through a null pointer.
#include "trap.h"
int main() {
  int value = *trap::at(16);
  return trap::survived() + value;
}
