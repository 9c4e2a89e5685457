// Reads an address that no processor accepts.
#include "trap.h"
int main() {
  int value = *trap::at(0x8000000000000000);
  return trap::survived() + value;
}
