#pragma once
// The bytes that a fuzzer makes up, taken off the front; behind their end come zeros.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ukstore::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}
  bool empty() const { return bytes_.empty(); }
  // Up to `count` bytes.
  std::string_view take(size_t count) {
    std::string_view head = bytes_.substr(0, count);
    bytes_.remove_prefix(head.size());
    return head;
  }
  std::string_view rest() { return take(bytes_.size()); }
  uint8_t byte() { return empty() ? 0 : static_cast<uint8_t>(take(1).front()); }
  // Of two bytes.
  uint32_t number() {
    uint32_t low = byte();
    return low | uint32_t{byte()} << 8;
  }

 private:
  std::string_view bytes_;
};

}  // namespace ukstore::fuzz
