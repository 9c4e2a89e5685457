#include <ukstore/libos/net/wire/ipv6_extension.h>

#include <ukstore/libos/net/wire/byte_order.h>

namespace ukstore::net {
namespace {

Ipv6Objection silently() { return {}; }

Ipv6Objection problem(uint8_t code, size_t pointer,
                      Ipv6Objection::Multicast multicast = Ipv6Objection::Multicast::stay_silent) {
  return {Ipv6Objection::Report::parameter_problem, multicast, code,
          static_cast<uint32_t>(pointer)};
}

// The options of a hop-by-hop or destination header (RFC 8200, section 4.2); `at` is where they
// begin in the packet.
std::optional<Ipv6Objection> check_options(ByteSpan options, size_t at) {
  for (size_t i = 0; i < options.size();) {
    uint8_t type = load_u8(options, i);
    if (type == 0) {  // Pad1
      ++i;
      continue;
    }
    if (i + 2 > options.size() || i + 2 + load_u8(options, i + 1) > options.size())
      return silently();
    constexpr uint8_t kPadN = 1, kRouterAlert = 5;
    if (type != kPadN && type != kRouterAlert) {
      switch (type >> 6) {
        case 0:
          break;  // skip
        case 1:
          return silently();
        case 2:
          return problem(2, at + i, Ipv6Objection::Multicast::report_too);
        case 3:
          return problem(2, at + i);
      }
    }
    i += 2 + size_t{load_u8(options, i + 1)};
  }
  return std::nullopt;
}

Ipv6Walk read_fragment(Ipv6Chain chain, size_t at) {
  ByteSpan bytes = chain.payload;
  if (bytes.size() < Ipv6Fragment::kBytes) return silently();
  Ipv6Fragment fragment;
  uint16_t field = load_be16(bytes, 2);
  fragment.next_header = static_cast<Protocol>(load_u8(bytes, 0));
  fragment.offset_bytes = field & 0xfff8;
  fragment.more = (field & 1) != 0;
  fragment.id = load_be32(bytes, 4);
  chain.payload = bytes.subspan(Ipv6Fragment::kBytes);
  // Lengths that are no multiple of 8, and packets that would be too long (RFC 8200, 4.5).
  if (fragment.more && chain.payload.size() % 8 != 0) return problem(0, 4);
  if (fragment.offset_bytes + chain.payload.size() > 0xffff) return problem(0, at + 2);
  chain.fragment = fragment;
  chain.upper = fragment.next_header;
  chain.next_header_at = at;
  return chain;
}

}  // namespace

Ipv6Walk walk_extensions(const Ipv6Packet& packet) {
  Ipv6Chain chain{.upper = packet.header.next_header, .payload = packet.payload};
  size_t at = Ipv6Header::kBytes;
  // A header is at least 8 bytes long, so the walk ends.
  for (;;) {
    switch (chain.upper) {
      case Protocol::tcp:
      case Protocol::udp:
      case Protocol::icmpv6:
        return chain;
      case Protocol::none:
        return silently();
      case Protocol::fragment:
        return read_fragment(chain, at);
      case Protocol::hop_by_hop:  // only directly after the IPv6 header
        if (at != Ipv6Header::kBytes) return problem(1, chain.next_header_at);
        break;
      case Protocol::routing:
      case Protocol::destination_options:
        break;
      default:
        return problem(1, chain.next_header_at);
    }
    ByteSpan bytes = chain.payload;
    if (bytes.size() < 8) return silently();
    size_t length = 8 * (size_t{load_u8(bytes, 1)} + 1);
    if (bytes.size() < length) return silently();
    if (chain.upper == Protocol::routing) {
      // No routing type is known: fine if nothing is left to visit, an error otherwise (4.4).
      if (load_u8(bytes, 3) != 0) return problem(0, at + 2);
    } else if (auto objection = check_options(bytes.subspan(2, length - 2), at + 2)) {
      return *objection;
    }
    chain.upper = static_cast<Protocol>(load_u8(bytes, 0));
    chain.next_header_at = at;
    chain.payload = bytes.subspan(length);
    at += length;
  }
}

void write(const Ipv6Fragment& fragment, std::span<std::byte> out) {
  assert(out.size() >= Ipv6Fragment::kBytes && fragment.offset_bytes % 8 == 0);
  store_u8(out, 0, static_cast<uint8_t>(fragment.next_header));
  store_u8(out, 1, 0);
  store_be16(out, 2, static_cast<uint16_t>(fragment.offset_bytes | (fragment.more ? 1 : 0)));
  store_be32(out, 4, fragment.id);
}

}  // namespace ukstore::net
