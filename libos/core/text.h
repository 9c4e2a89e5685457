#pragma once
// Text into a fixed buffer, without allocation: `Line line; line.add("page ", hex(address));`

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ukstore::libos {

struct hex {
  explicit hex(uint64_t number) : value(number) {}
  uint64_t value;
};

// What does not fit is cut off.
template <size_t Capacity>
class Text {
 public:
  template <typename... Parts>
  void add(const Parts&... parts) {
    (add_one(parts), ...);
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  void add_one(std::string_view text) {
    for (char c : text) {
      if (size_ < Capacity) bytes_[size_++] = c;
    }
  }
  void add_one(hex number) {
    char digits[16];
    size_t count = 0;
    do {
      digits[count++] = "0123456789abcdef"[number.value & 15];
      number.value >>= 4;
    } while (number.value);
    add_one("0x");
    while (count) add_one(std::string_view(&digits[--count], 1));
  }
  template <std::integral T>
  void add_one(T number) {
    auto value = static_cast<uint64_t>(number);
    if (number < 0) {
      add_one("-");
      value = 0 - value;
    }
    char digits[20];
    size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value);
    while (count) add_one(std::string_view(&digits[--count], 1));
  }

  char bytes_[Capacity];
  size_t size_ = 0;
};

using Line = Text<512>;

}  // namespace ukstore::libos
