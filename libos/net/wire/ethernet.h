#pragma once
// Ethernet II frames without their check sequence, which devices add and remove.

#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/fault.h>

#include <span>

namespace ukstore::net {

// Host-order values of the type field.  Others, and 802.3 lengths, are kept as they are.
enum class EtherType : uint16_t { ipv4 = 0x0800, arp = 0x0806, ipv6 = 0x86dd };

struct EthernetHeader {
  static constexpr size_t kBytes = 14;

  MacAddress destination;
  MacAddress source;
  EtherType type = EtherType::ipv4;

  bool operator==(const EthernetHeader&) const = default;
};

// A header and what follows it in the caller's buffer, padding included.
struct EthernetFrame {
  EthernetHeader header;
  ByteSpan payload;
};

// Fails with `truncated` under 14 bytes.
Parsed<EthernetFrame> parse_ethernet(ByteSpan bytes);

// Writes the first 14 bytes of `out`, which must have them.
void write(const EthernetHeader& header, std::span<std::byte> out);

}  // namespace ukstore::net
