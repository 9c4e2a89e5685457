#pragma once
// The Internet checksum (RFC 1071).

#include <cstddef>
#include <cstdint>
#include <span>

namespace ukstore::net {

// A running one's-complement sum. Pieces may have any length, odd ones too: the next piece then
// continues in the low byte, as if all pieces were one.
class Checksum {
 public:
  void add(std::span<const std::byte> bytes);
  // A field in host byte order. Only while an even number of bytes has been added.
  void add_u16(uint16_t value) { sum_ += value; }
  void add_u32(uint32_t value) { sum_ += (value >> 16) + (value & 0xffff); }

  // The sum folded to 16 bits, not inverted: what a device asked to finish a checksum
  // (VIRTIO_NET_HDR_F_NEEDS_CSUM) wants to find in the field.
  uint16_t partial() const;
  // What goes into a header's checksum field, in host byte order. Over bytes that hold their
  // checksum already it is 0 if they are intact.
  uint16_t value() const { return static_cast<uint16_t>(~partial()); }

 private:
  uint64_t sum_ = 0;
  bool odd_ = false;
};

// The checksum of one piece.
uint16_t internet_checksum(std::span<const std::byte> bytes);

}  // namespace ukstore::net
