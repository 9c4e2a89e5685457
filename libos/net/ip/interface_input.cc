#include <ukstore/libos/net/ip/interface.h>

// Frames on their way in: Ethernet, ARP, IPv4, IPv6 and reassembly.

namespace ukstore::net {
namespace {

// The part of `frame` that `bytes`, a span into it, covers.
Buf slice_of(const Buf& frame, ByteSpan bytes) {
  return frame.slice(static_cast<uint32_t>(bytes.data() - frame.bytes().data()),
                     static_cast<uint32_t>(bytes.size()));
}

bool is_ours(const MacAddress& destination, const MacAddress& mac) {
  return destination == mac || destination.is_multicast();
}

}  // namespace

void Interface::on_frame(Time now, const Frame& frame) {
  auto ethernet = parse_ethernet(frame.data.bytes());
  if (!ethernet) {
    ++counters_.malformed;
    return;
  }
  const EthernetHeader& header = ethernet->header;
  if (!is_ours(header.destination, mac()) || header.source.is_multicast()) {
    ++counters_.not_for_us;
    return;
  }
  Incoming in{frame, header.destination.is_multicast() ? Cast::many : Cast::single, header.source};
  switch (header.type) {
    case EtherType::arp:
      on_arp(now, ethernet->payload);
      break;
    case EtherType::ipv4:
      on_ipv4(now, in, ethernet->payload);
      break;
    case EtherType::ipv6:
      if (options_.ipv6 == Ipv6Mode::on) on_ipv6(now, in, ethernet->payload);
      break;
    default:
      ++counters_.not_for_us;
      break;
  }
}

// RFC 826, "packet reception", with the defence of RFC 5227, section 2.4, c.
void Interface::on_arp(Time now, ByteSpan bytes) {
  auto packet = parse_arp(bytes);
  if (!packet) {
    ++counters_.malformed;
    return;
  }
  if (addresses_.usable(packet->sender) && packet->sender_mac != mac()) {
    ++counters_.address_conflicts;
    if (defend_limit_.take(now)) announce(now, packet->sender);
    return;
  }
  if (packet->sender_mac == mac()) return;
  bool for_us = addresses_.usable(packet->target);
  if (!packet->sender.is_unspecified()) {
    bool answer = packet->operation == ArpOperation::reply && for_us;
    // Who asks us will be spoken to; others are only updated.
    auto create = for_us && packet->operation == ArpOperation::request ? NeighborCache::Create::yes
                                                                       : NeighborCache::Create::no;
    release(now,
            neighbors_.learn(now, packet->sender, packet->sender_mac,
                             answer ? Evidence::answered : Evidence::heard, create),
            packet->sender_mac);
  }
  if (packet->operation == ArpOperation::request && for_us)
    send_arp(now, {ArpOperation::reply, mac(), packet->target, packet->sender_mac, packet->sender},
             packet->sender_mac);
}

bool Interface::accepts(const IpAddress& destination, const Incoming& in) const {
  if (addresses_.usable(destination)) return in.cast == Cast::single;
  if (destination.family() == Family::ipv6)
    return destination.is_multicast() && addresses_.joined(destination.v6());
  constexpr Ipv4Address kAllHosts = Ipv4Address::of(0xe0000001);
  if (destination.v4() == kAllHosts || addresses_.is_broadcast(destination.v4())) return true;
  // Without an address yet, a DHCP server's answer may come to the one it has in mind.
  return addresses_.find(destination) == nullptr && in.cast == Cast::single &&
         !addresses_.source_for(Time{}, destination);
}

void Interface::on_ipv4(Time now, const Incoming& in, ByteSpan bytes) {
  auto packet = parse_ipv4_packet(bytes);
  if (!packet) {
    ++counters_.malformed;
    return;
  }
  const Ipv4Header& ip = packet->header;
  // RFC 1122, section 3.2.1.3: addresses that are no single host cannot be sources, nor can ours
  // come from outside.
  bool from_us = addresses_.usable(ip.source) && in.source_mac != mac();
  if (ip.source.is_multicast() || addresses_.is_broadcast(ip.source) || ip.source.is_loopback() ||
      ip.destination.is_loopback() || from_us) {
    ++counters_.bad_source;
    return;
  }
  if (!accepts(ip.destination, in)) {
    ++counters_.not_for_us;
    return;
  }
  ByteSpan whole = bytes.first(packet->header_bytes + packet->payload.size());
  Received up{.source = ip.source,
              .destination = ip.destination,
              .bytes = slice_of(in.frame.data, packet->payload),
              .checksum = in.frame.meta.checksum,
              .packet = whole};
  if (!ip.is_fragment()) return deliver_ipv4(now, in, ip, up);
  auto datagram = fragments_.add(
      now, {ip.source, ip.destination, ip.id, ip.protocol},
      {.offset_bytes = ip.fragment_offset_bytes,
       .data = packet->payload,
       .more = ip.more_fragments,
       .quote = whole.first(std::min<size_t>(whole.size(), packet->header_bytes + 64))});
  if (!datagram) return;
  ++counters_.reassembled;
  up.bytes = std::move(datagram->payload);
  up.checksum = ChecksumState::none;
  deliver_ipv4(now, in, ip, up);
}

void Interface::deliver_ipv4(Time now, const Incoming& in, const Ipv4Header& ip,
                             const Received& up) {
  bool single = in.cast == Cast::single && addresses_.usable(ip.destination);
  switch (ip.protocol) {
    case Protocol::icmp:
      on_icmpv4(now, in, ip, up);
      return;
    case Protocol::tcp:
      // A connection has one peer: nothing that many hear belongs to one (RFC 9293, MUST-57).
      if (single && !ip.source.is_unspecified()) upper_.on_tcp(now, up);
      return;
    case Protocol::udp:
      if (upper_.on_udp(now, up) == UdpVerdict::no_such_port && single)
        send_icmpv4_error(now, Icmpv4Type::unreachable, kIcmpv4PortUnreachable, 0, up.packet);
      return;
    default:
      if (single)
        send_icmpv4_error(now, Icmpv4Type::unreachable, kIcmpv4ProtocolUnreachable, 0, up.packet);
      return;
  }
}

void Interface::on_ipv6(Time now, const Incoming& in, ByteSpan bytes) {
  auto packet = parse_ipv6_packet(bytes);
  if (!packet) {
    ++counters_.malformed;
    return;
  }
  const Ipv6Header& ip = packet->header;
  // Mapped addresses never travel (RFC 4291, 2.5.5.2), loopback addresses neither.
  bool mapped = IpAddress(ip.source).family() == Family::ipv4 ||
                IpAddress(ip.destination).family() == Family::ipv4;
  bool from_us = addresses_.usable(ip.source) && in.source_mac != mac();
  if (mapped || ip.source.is_loopback() || ip.destination.is_loopback() || from_us) {
    ++counters_.bad_source;
    return;
  }
  if (!accepts(ip.destination, in)) {
    ++counters_.not_for_us;
    return;
  }
  ByteSpan whole = bytes.first(Ipv6Header::kBytes + packet->payload.size());
  deliver_ipv6(now, in, *packet, in.frame.data, whole);
}

// `storage` is what the packet's payload lies in; `original` the packet as it came, for errors.
void Interface::deliver_ipv6(Time now, const Incoming& in, const Ipv6Packet& packet,
                             const Buf& storage, ByteSpan original) {
  const Ipv6Header& ip = packet.header;
  Ipv6Walk walk = walk_extensions(packet);
  if (const auto* objection = std::get_if<Ipv6Objection>(&walk))
    return object(now, in, *objection, original);
  const auto& chain = std::get<Ipv6Chain>(walk);
  if (chain.fragment) {
    const Ipv6Fragment& fragment = *chain.fragment;
    auto datagram = fragments_.add(now, {ip.source, ip.destination, fragment.id, Protocol::none},
                                   {.offset_bytes = fragment.offset_bytes,
                                    .data = chain.payload,
                                    .more = fragment.more,
                                    .quote = original,
                                    .next_header = fragment.next_header});
    if (!datagram) return;
    ++counters_.reassembled;
    Ipv6Packet whole{ip, datagram->payload.bytes()};
    whole.header.next_header = datagram->next_header;
    // A fragment inside a fragment has no right to be (RFC 8200, 4.5): one level is enough.
    if (whole.header.next_header == Protocol::fragment) return;
    Frame plain{datagram->payload, {}};
    return deliver_ipv6(now, {plain, in.cast, in.source_mac}, whole, datagram->payload, original);
  }
  Received up{.source = ip.source,
              .destination = ip.destination,
              .bytes = slice_of(storage, chain.payload),
              .checksum = in.frame.meta.checksum,
              .packet = original};
  bool single = in.cast == Cast::single && !ip.destination.is_multicast();
  switch (chain.upper) {
    case Protocol::icmpv6:
      on_icmpv6(now, in, ip, up);
      return;
    case Protocol::tcp:
      if (single && !ip.source.is_unspecified()) upper_.on_tcp(now, up);
      return;
    case Protocol::udp:
      if (upper_.on_udp(now, up) == UdpVerdict::no_such_port && single)
        send_icmpv6_error(now, Icmpv6Type::unreachable, kIcmpv6PortUnreachable, 0, original,
                          Cast::single);
      return;
    default:
      return;
  }
}

void Interface::object(Time now, const Incoming& in, const Ipv6Objection& objection,
                       ByteSpan packet) {
  ++counters_.malformed;
  if (objection.report == Ipv6Objection::Report::silent) return;
  auto parsed = parse_ipv6_quote(packet);
  bool many = in.cast == Cast::many || (parsed && parsed->header.destination.is_multicast());
  if (many && objection.for_multicast == Ipv6Objection::Multicast::stay_silent) return;
  send_icmpv6_error(now, Icmpv6Type::parameter_problem, objection.code, objection.pointer, packet,
                    many ? Cast::many : Cast::single);
}

}  // namespace ukstore::net
