#pragma once
// UDP (RFC 768) over either family.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>

#include <span>

namespace ukstore::net {

struct UdpHeader {
  static constexpr size_t kBytes = 8;

  uint16_t source_port = 0;  // host order; 0 if the sender expects no answer
  uint16_t destination_port = 0;

  bool operator==(const UdpHeader&) const = default;
};

struct UdpDatagram {
  UdpHeader header;
  ByteSpan payload;
};

// Whether the device or the sender vouches for the checksum.
enum class UdpChecksum : uint8_t { verify, trusted };

// Fails with `truncated`, `length`, `field` (port 0 as destination; no checksum over IPv6, RFC
// 8200, section 8.1) or `checksum`.
Parsed<UdpDatagram> parse_udp(const IpAddress& source, const IpAddress& destination, ByteSpan bytes,
                              UdpChecksum checksum);

// Writes the header for the payload that already stands behind it: `out` is the whole datagram.
void write(const IpAddress& source, const IpAddress& destination, const UdpHeader& header,
           std::span<std::byte> out);

}  // namespace ukstore::net
