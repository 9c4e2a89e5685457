#pragma once
// What the trap images share: a value that the compiler cannot foresee, and the end that none of
// them may reach.

#include <cstdint>
#include <cstdio>

namespace trap {

template <typename T>
T* opaque(T* pointer) {
  asm volatile("" : "+r"(pointer));
  return pointer;
}
inline volatile uint8_t* at(uint64_t address) {
  return opaque(reinterpret_cast<volatile uint8_t*>(address));
}

using Function = void (*)();

inline int survived() {
  std::puts("survived");
  return 1;
}

}  // namespace trap
