#pragma once
// Room for an object that is made when the machine starts.  An object whose members do not all
// begin as zero would lie in the image's file; its room lies in .bss.

#include <cstddef>
#include <new>
#include <utility>

namespace ukstore::libos {

template <typename T>
class Late {
 public:
  template <typename... Arguments>
  T& make(Arguments&&... arguments) {
    return *new (bytes_) T(std::forward<Arguments>(arguments)...);
  }
  // Only after make().
  T& operator*() { return *std::launder(reinterpret_cast<T*>(bytes_)); }
  T* operator->() { return &**this; }

 private:
  alignas(T) std::byte bytes_[sizeof(T)];
};

}  // namespace ukstore::libos
