#pragma once
// Neighbor discovery (RFC 4861, section 4) as plain values.  Redirects are not read: a host with
// one router and its own prefixes loses nothing but a detour.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>
#include <ukstore/libos/net/wire/icmp.h>
#include <ukstore/libos/net/wire/ipv6.h>

#include <optional>
#include <variant>
#include <vector>

namespace ukstore::net {

struct RouterSolicitation {
  std::optional<MacAddress> source_mac;

  bool operator==(const RouterSolicitation&) const = default;
};

// A prefix of a router advertisement (RFC 4861, section 4.6.2); 0xffffffff seconds is for ever.
struct PrefixInformation {
  Ipv6Address prefix;
  uint8_t prefix_bits = 64;
  bool on_link = false;
  bool autonomous = false;
  uint32_t valid_s = 0;
  uint32_t preferred_s = 0;

  bool operator==(const PrefixInformation&) const = default;
};

struct RouterAdvertisement {
  uint8_t hop_limit = 0;      // 0: unspecified
  uint16_t lifetime_s = 0;    // 0: not a default router
  uint32_t reachable_ms = 0;  // 0: unspecified
  uint32_t retransmit_ms = 0;
  std::optional<MacAddress> source_mac;
  std::optional<uint32_t> mtu;
  std::vector<PrefixInformation> prefixes;
  std::vector<Ipv6Address> dns_servers;  // RFC 8106
  uint32_t dns_lifetime_s = 0;

  bool operator==(const RouterAdvertisement&) const = default;
};

struct NeighborSolicitation {
  Ipv6Address target;
  std::optional<MacAddress> source_mac;

  bool operator==(const NeighborSolicitation&) const = default;
};

struct NeighborAdvertisement {
  Ipv6Address target;
  std::optional<MacAddress> target_mac;
  bool router = false;
  bool solicited = false;
  bool override_entry = false;

  bool operator==(const NeighborAdvertisement&) const = default;
};

using NdpMessage = std::variant<RouterSolicitation, RouterAdvertisement, NeighborSolicitation,
                                NeighborAdvertisement>;

// Reads a message that arrived under `ip`, with the validity rules of RFC 4861, sections 6.1 and
// 7.1: hop limit 255, code 0, sane addresses, no option of length zero.  Fails with `truncated`,
// or with `field` if a rule is broken; with `version` if the type is none of the four.
Parsed<NdpMessage> parse_ndp(const Ipv6Header& ip, const Icmpv6Message& message);

// The whole ICMPv6 message with its checksum.  It must go out with hop limit 255.
Bytes serialize(const Ipv6Address& source, const Ipv6Address& destination,
                const NdpMessage& message);

}  // namespace ukstore::net
