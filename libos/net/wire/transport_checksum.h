#pragma once
// Checksums of what IP carries: the pseudo-header of RFC 9293, section 3.1, and RFC 8200, section
// 8.1, and the bytes.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/checksum.h>
#include <ukstore/libos/net/wire/ipv4.h>

namespace ukstore::net {

// The sum over the pseudo-header of a segment of `bytes` bytes, to be continued over the segment.
inline Checksum pseudo_header(const IpAddress& source, const IpAddress& destination,
                              Protocol protocol, size_t bytes) {
  Checksum sum;
  size_t skip = source.family() == Family::ipv4 ? 12 : 0;
  sum.add(std::as_bytes(std::span(source.octets)).subspan(skip));
  sum.add(std::as_bytes(std::span(destination.octets)).subspan(skip));
  sum.add_u32(static_cast<uint32_t>(bytes));
  sum.add_u16(static_cast<uint8_t>(protocol));
  return sum;
}

// In host order.  0 over bytes that hold their own checksum, if they are intact.
inline uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination,
                                   Protocol protocol, ByteSpan bytes) {
  Checksum sum = pseudo_header(source, destination, protocol, bytes.size());
  sum.add(bytes);
  return sum.value();
}

}  // namespace ukstore::net
