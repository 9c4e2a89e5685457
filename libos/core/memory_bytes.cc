// The byte routines that the compiler calls, under libos's own names (see freestanding.h).
#include <stdint.h>
#include <string.h>

extern "C" {

void* memcpy(void* to, const void* from, size_t bytes) {
  void* result = to;
  size_t words = bytes / 8;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
  bytes %= 8;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
  return result;
}

void* memmove(void* to, const void* from, size_t bytes) {
  auto a = reinterpret_cast<uintptr_t>(to), b = reinterpret_cast<uintptr_t>(from);
  if (a - b >= bytes) return memcpy(to, from, bytes);
  auto* out = static_cast<volatile char*>(to) + bytes;
  auto* in = static_cast<const volatile char*>(from) + bytes;
  while (bytes--) *--out = *--in;
  return to;
}

void* memset(void* to, int value, size_t bytes) {
  void* result = to;
  uint64_t pattern = 0x0101010101010101u * static_cast<unsigned char>(value);
  size_t words = bytes / 8;
  asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
  bytes %= 8;
  asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(pattern) : "memory");
  return result;
}

int memcmp(const void* a, const void* b, size_t bytes) {
  auto* x = static_cast<const volatile unsigned char*>(a);
  auto* y = static_cast<const volatile unsigned char*>(b);
  for (; bytes; --bytes, ++x, ++y) {
    int left = *x, right = *y;
    if (left != right) return left - right;
  }
  return 0;
}

size_t strlen(const char* text) {
  auto* at = static_cast<const volatile char*>(text);
  while (*at) ++at;
  return static_cast<size_t>(at - text);
}

// A pure virtual call is a bug of libos; the vtables need a name for it.
[[noreturn]] void libos_pure_virtual() {
  for (;;) asm volatile("ud2");
}
}
