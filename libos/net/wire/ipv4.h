#pragma once
// IPv4 headers (RFC 791).  Options are skipped on receipt and never sent.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>

#include <span>

namespace ukstore::net {

// IP protocol numbers, which IPv6 uses as next-header values too.
enum class Protocol : uint8_t {
  hop_by_hop = 0,
  icmp = 1,
  tcp = 6,
  udp = 17,
  routing = 43,
  fragment = 44,
  icmpv6 = 58,
  none = 59,
  destination_options = 60,
};

struct Ipv4Header {
  static constexpr size_t kBytes = 20;  // what write() makes: no options

  Ipv4Address source;
  Ipv4Address destination;
  Protocol protocol = Protocol::tcp;
  uint8_t ttl = 64;
  uint8_t traffic_class = 0;  // DSCP and ECN
  uint16_t id = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  uint16_t fragment_offset_bytes = 0;  // a multiple of 8

  bool is_fragment() const { return more_fragments || fragment_offset_bytes != 0; }
  bool operator==(const Ipv4Header&) const = default;
};

struct Ipv4Packet {
  Ipv4Header header;
  size_t header_bytes = Ipv4Header::kBytes;  // with options
  ByteSpan payload;                          // as long as the total length says
};

// Reads a packet that may be followed by link padding.  Fails with `truncated` if the buffer is
// shorter than the total length, `version`, `length` (header or total length too small),
// `checksum`, or `field` (a fragment that would end beyond 65,535 bytes, or whose length is not a
// multiple of 8 though more follow).
Parsed<Ipv4Packet> parse_ipv4_packet(ByteSpan bytes);

// The header as an ICMP error quotes it: the payload may be cut, the checksum is not read.
Parsed<Ipv4Packet> parse_ipv4_quote(ByteSpan bytes);

// Writes a header with its checksum for a payload of `payload_bytes` into the first 20 bytes of
// `out`.
void write(const Ipv4Header& header, size_t payload_bytes, std::span<std::byte> out);

}  // namespace ukstore::net
