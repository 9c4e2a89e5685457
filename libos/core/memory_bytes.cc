// The byte routines that the compiler calls.  They have names of their own, which the build puts in
// place of the C library's (CMakeLists.txt): those are IFUNCs and use vector registers.
#include <stddef.h>
#include <stdint.h>

extern "C" {

void* libos_memcpy(void* to, const void* from, size_t bytes) {
  void* result = to;
  size_t words = bytes / 8;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
  bytes %= 8;
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
  return result;
}

void* libos_memmove(void* to, const void* from, size_t bytes) {
  auto a = reinterpret_cast<uintptr_t>(to), b = reinterpret_cast<uintptr_t>(from);
  if (a - b >= bytes) return libos_memcpy(to, from, bytes);
  auto* out = static_cast<volatile char*>(to) + bytes;
  auto* in = static_cast<const volatile char*>(from) + bytes;
  while (bytes--) *--out = *--in;
  return to;
}

void* libos_memset(void* to, int value, size_t bytes) {
  void* result = to;
  uint64_t pattern = 0x0101010101010101u * static_cast<unsigned char>(value);
  size_t words = bytes / 8;
  asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
  bytes %= 8;
  asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(pattern) : "memory");
  return result;
}

int libos_memcmp(const void* a, const void* b, size_t bytes) {
  auto* x = static_cast<const volatile unsigned char*>(a);
  auto* y = static_cast<const volatile unsigned char*>(b);
  for (; bytes; --bytes, ++x, ++y) {
    int left = *x, right = *y;
    if (left != right) return left - right;
  }
  return 0;
}

void* libos_memchr(const void* from, int value, size_t bytes) {
  auto* at = static_cast<const volatile unsigned char*>(from);
  for (; bytes; --bytes, ++at) {
    if (*at == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(at);
  }
  return nullptr;
}

size_t libos_strlen(const char* text) {
  auto* at = static_cast<const volatile char*>(text);
  while (*at) ++at;
  return static_cast<size_t>(at - text);
}

// A pure virtual call, or a view cut beyond its end, is a bug of libos; both need a name to call.
[[noreturn]] void libos_pure_virtual() {
  for (;;) asm volatile("ud2");
}
[[noreturn]] void libos_out_of_range() { libos_pure_virtual(); }
}
