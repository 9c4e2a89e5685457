#pragma once
// DHCP for IPv4 (RFC 2131, options of RFC 2132) as plain values.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>
#include <optional>
#include <string>
#include <vector>

namespace ukstore::net {

constexpr uint16_t kDhcpServerPort = 67;
constexpr uint16_t kDhcpClientPort = 68;

enum class DhcpType : uint8_t {
  discover = 1,
  offer = 2,
  request = 3,
  decline = 4,
  ack = 5,
  nak = 6,
  release = 7,
};

enum class DhcpDirection : uint8_t { to_server = 1, to_client = 2 };

struct DhcpMessage {
  DhcpDirection direction = DhcpDirection::to_server;
  DhcpType type = DhcpType::discover;
  uint32_t transaction = 0;
  uint16_t elapsed_s = 0;
  bool broadcast_reply = false;
  Ipv4Address client;  // ciaddr: only if the client already answers for it
  Ipv4Address yours;   // yiaddr: what the server gives
  MacAddress client_mac;

  std::optional<Ipv4Address> requested;
  std::optional<Ipv4Address> server;
  std::optional<uint8_t> prefix_bits;  // from the subnet mask
  std::optional<uint16_t> mtu;
  std::optional<uint32_t> lease_s;  // 0xffffffff is for ever
  std::optional<uint32_t> renew_s;
  std::optional<uint32_t> rebind_s;
  std::vector<Ipv4Address> routers;      // at most 4 are kept
  std::vector<Ipv4Address> dns_servers;  // at most 4 are kept
  std::string host_name;                 // sent if not empty

  bool operator==(const DhcpMessage&) const = default;
};

// Reads the payload of a UDP datagram; options in the overloaded `sname` and `file` fields too.
// Unknown options are skipped.  Fails with `truncated`, `version` (not Ethernet, or no magic
// cookie), `length` (an option whose length is wrong for its kind) or `field` (no message type,
// or a subnet mask with holes).
Parsed<DhcpMessage> parse_dhcp(ByteSpan bytes);

// The payload, padded to the 300 bytes that old relays want.  Requests ask for mask, router,
// DNS servers, MTU and lease times.
Bytes serialize(const DhcpMessage& message);

}  // namespace ukstore::net
