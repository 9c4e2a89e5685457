#pragma once
// Bytes as text in tests.

#include <ukstore/libos/net/wire/byte_order.h>
#include <string_view>

namespace ukstore::net {

// Two hexadecimal digits a byte; blanks between bytes are skipped.
inline Bytes from_hex(std::string_view text) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == ' ') continue;
    bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
    ++i;
  }
  return bytes;
}

}  // namespace ukstore::net
