#pragma once
// ICMP (RFC 792) and ICMPv6 (RFC 4443): messages with the four bytes that each type reads in its
// own way, and their body.  Neighbor discovery inside ICMPv6: ndp.h.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>

#include <span>
#include <vector>

namespace ukstore::net {

enum class Icmpv4Type : uint8_t {
  echo_reply = 0,
  unreachable = 3,
  redirect = 5,
  echo_request = 8,
  time_exceeded = 11,
  parameter_problem = 12,
};

// Codes of Icmpv4Type::unreachable.
constexpr uint8_t kIcmpv4ProtocolUnreachable = 2;
constexpr uint8_t kIcmpv4PortUnreachable = 3;
constexpr uint8_t kIcmpv4FragmentationNeeded = 4;

enum class Icmpv6Type : uint8_t {
  unreachable = 1,
  packet_too_big = 2,
  time_exceeded = 3,
  parameter_problem = 4,
  echo_request = 128,
  echo_reply = 129,
  router_solicitation = 133,
  router_advertisement = 134,
  neighbor_solicitation = 135,
  neighbor_advertisement = 136,
  redirect = 137,
};

constexpr uint8_t kIcmpv6PortUnreachable = 4;

template <typename Type>
struct IcmpMessage {
  static constexpr size_t kHeaderBytes = 8;

  Type type{};
  uint8_t code = 0;
  // Echo: identifier and sequence number.  Errors: unused, MTU or pointer, see below.
  uint32_t rest = 0;
  ByteSpan body;

  uint16_t echo_id() const { return static_cast<uint16_t>(rest >> 16); }
  uint16_t echo_sequence() const { return static_cast<uint16_t>(rest); }
};

using Icmpv4Message = IcmpMessage<Icmpv4Type>;
using Icmpv6Message = IcmpMessage<Icmpv6Type>;

// The next hop's MTU of a "fragmentation needed" (RFC 1191), zero if the router did not say.
inline uint16_t next_hop_mtu(const Icmpv4Message& message) {
  return static_cast<uint16_t>(message.rest);
}

// Fail with `truncated` under 8 bytes and with `checksum`.  The body is borrowed from `bytes`.
Parsed<Icmpv4Message> parse_icmpv4(ByteSpan bytes);
Parsed<Icmpv6Message> parse_icmpv6(const Ipv6Address& source, const Ipv6Address& destination,
                                   ByteSpan bytes);

// The message with its checksum.
Bytes serialize(const Icmpv4Message& message);
Bytes serialize(const Ipv6Address& source, const Ipv6Address& destination,
                const Icmpv6Message& message);

}  // namespace ukstore::net
