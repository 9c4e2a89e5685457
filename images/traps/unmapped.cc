// Reads where nothing is.
#include "trap.h"
int main() {
  int value = *trap::at(0x00003fff00000000);
  return trap::survived() + value;
}
