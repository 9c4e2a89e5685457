#pragma once
// ARP for IPv4 over Ethernet (RFC 826).

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>

#include <array>
#include <span>

namespace ukstore::net {

enum class ArpOperation : uint16_t { request = 1, reply = 2 };

struct ArpPacket {
  static constexpr size_t kBytes = 28;

  ArpOperation operation = ArpOperation::request;
  MacAddress sender_mac;
  Ipv4Address sender;
  MacAddress target_mac;
  Ipv4Address target;

  bool operator==(const ArpPacket&) const = default;
};

// Fails with `version` for other hardware or protocol types, with `length` for other address
// sizes, with `field` for other operations or a sender that is a multicast address.
Parsed<ArpPacket> parse_arp(ByteSpan bytes);

std::array<std::byte, ArpPacket::kBytes> serialize(const ArpPacket& packet);

}  // namespace ukstore::net
