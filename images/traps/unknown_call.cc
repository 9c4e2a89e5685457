// Makes a system call that libos does not answer.
#include <sys/syscall.h>
#include <unistd.h>

#include "trap.h"
int main() {
  syscall(SYS_fork);
  return trap::survived();
}
