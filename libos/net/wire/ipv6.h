#pragma once
// IPv6 headers (RFC 8200, section 3).  Extension headers: ipv6_extension.h.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>
#include <ukstore/libos/net/wire/ipv4.h>

#include <span>

namespace ukstore::net {

struct Ipv6Header {
  static constexpr size_t kBytes = 40;

  Ipv6Address source;
  Ipv6Address destination;
  Protocol next_header = Protocol::tcp;
  uint8_t hop_limit = 64;
  uint8_t traffic_class = 0;
  uint32_t flow_label = 0;  // 20 bits

  bool operator==(const Ipv6Header&) const = default;
};

struct Ipv6Packet {
  Ipv6Header header;
  ByteSpan payload;  // as long as the length field says
};

// Reads a packet that may be followed by link padding.  Fails with `truncated`, `version`, or
// `field` if the source is a multicast address.
Parsed<Ipv6Packet> parse_ipv6_packet(ByteSpan bytes);

// The header as an ICMPv6 error quotes it: the payload may be cut.
Parsed<Ipv6Packet> parse_ipv6_quote(ByteSpan bytes);

// Writes a header for `payload_bytes` (at most 65,535) into the first 40 bytes of `out`.
void write(const Ipv6Header& header, size_t payload_bytes, std::span<std::byte> out);

}  // namespace ukstore::net
