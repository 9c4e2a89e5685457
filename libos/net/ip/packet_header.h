#pragma once
// Room for all headers of one frame, filled from the back: transport first, then IP, then Ethernet.

#include <ukstore/libos/net/wire/byte_order.h>

namespace ukstore::net {

class PacketHeader {
 public:
  // Ethernet, IPv6 with a fragment header, and TCP with all options.
  static constexpr size_t kBytesMax = 128;

  // `bytes` more before what is there already, for the caller to fill.
  std::span<std::byte> push_front(size_t bytes) {
    assert(bytes <= begin_);
    begin_ -= bytes;
    return std::span(bytes_).subspan(begin_, bytes);
  }

  ByteSpan bytes() const { return ByteSpan(bytes_).subspan(begin_); }
  std::span<std::byte> bytes() { return std::span(bytes_).subspan(begin_); }
  size_t size() const { return kBytesMax - begin_; }

 private:
  std::array<std::byte, kBytesMax> bytes_;
  size_t begin_ = kBytesMax;
};

}  // namespace ukstore::net
