#pragma once
// IPv6 extension headers (RFC 8200, section 4): the walk from the first next-header field to the
// upper protocol, with the action that an unknown option or header demands.

#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/ipv6.h>

#include <optional>
#include <span>
#include <variant>

namespace ukstore::net {

struct Ipv6Fragment {
  static constexpr size_t kBytes = 8;

  uint32_t id = 0;
  uint16_t offset_bytes = 0;  // a multiple of 8
  bool more = false;
  Protocol next_header = Protocol::none;

  bool operator==(const Ipv6Fragment&) const = default;
};

// What the walk found.  With a fragment header, `payload` is the fragment's data, `upper` stands
// for nothing unless the fragment is whole, and the walk stopped there: go on after reassembly.
struct Ipv6Chain {
  Protocol upper = Protocol::none;
  ByteSpan payload;
  std::optional<Ipv6Fragment> fragment;
  // Where the next-header field that announced the last header stands, in bytes from the start of
  // the IPv6 header: the pointer of a "parameter problem" about it.
  size_t next_header_at = 6;
};

// A packet to be dropped.  With `report`, an ICMPv6 parameter problem goes back with this code
// and pointer (bytes from the start of the IPv6 header); `for_multicast` says that it does so even
// if the destination was a group.
struct Ipv6Objection {
  enum class Report : uint8_t { silent, parameter_problem };
  enum class Multicast : uint8_t { stay_silent, report_too };

  Report report = Report::silent;
  Multicast for_multicast = Multicast::stay_silent;
  uint8_t code = 0;  // 0 erroneous field, 1 unknown next header, 2 unknown option
  uint32_t pointer = 0;

  bool operator==(const Ipv6Objection&) const = default;
};

using Ipv6Walk = std::variant<Ipv6Chain, Ipv6Objection>;

// Walks the headers of `packet`.  TCP, UDP, ICMPv6 and "no next header" end the walk; any other
// unknown value is an objection with code 1.
Ipv6Walk walk_extensions(const Ipv6Packet& packet);

// Writes a fragment header into the first 8 bytes of `out`.
void write(const Ipv6Fragment& fragment, std::span<std::byte> out);

}  // namespace ukstore::net
