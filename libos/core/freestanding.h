// Included in front of every file of the core when it is built for an image: what the compiler calls
// for copies must be libos's own code, as glibc's versions use vector registers and are IFUNCs.
#ifndef UKSTORE_LIBOS_CORE_FREESTANDING_H_
#define UKSTORE_LIBOS_CORE_FREESTANDING_H_
#ifndef __ASSEMBLER__
#include <stddef.h>
extern "C" {
void* memcpy(void*, const void*, size_t) __asm__("libos_memcpy");
void* memmove(void*, const void*, size_t) __asm__("libos_memmove");
void* memset(void*, int, size_t) __asm__("libos_memset");
int memcmp(const void*, const void*, size_t) __asm__("libos_memcmp");
size_t strlen(const char*) __asm__("libos_strlen");
}
#endif
#endif
