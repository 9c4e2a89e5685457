#include <ukstore/libos/net/ip/interface.h>
#include <ukstore/libos/net/wire/ndp.h>
#include <ukstore/libos/net/wire/transport_checksum.h>

// Packets on their way out: IP header, route, neighbor, Ethernet header, device.

namespace ukstore::net {
namespace {

constexpr uint8_t kHopLimit = 64;

size_t total_bytes(std::span<const ByteSpan> pieces) {
  size_t total = 0;
  for (ByteSpan piece : pieces) total += piece.size();
  return total;
}

Bytes joined(ByteSpan first, std::span<const ByteSpan> rest) {
  Bytes bytes(first.begin(), first.end());
  bytes.reserve(first.size() + total_bytes(rest));
  for (ByteSpan piece : rest) append(bytes, piece);
  return bytes;
}

void push_ipv4(PacketHeader& header, const Interface::Packet& packet, uint8_t ttl,
               size_t payload_bytes) {
  // A datagram that nobody may cut needs no id of its own (RFC 6864, section 4.1).
  write(Ipv4Header{.source = packet.source.v4(),
                   .destination = packet.destination.v4(),
                   .protocol = packet.protocol,
                   .ttl = ttl,
                   .traffic_class = packet.traffic_class,
                   .dont_fragment = !packet.may_fragment},
        payload_bytes, header.push_front(Ipv4Header::kBytes));
}

void push_ipv6(PacketHeader& header, const Interface::Packet& packet, uint8_t hop_limit,
               size_t payload_bytes) {
  write(Ipv6Header{.source = packet.source.v6(),
                   .destination = packet.destination.v6(),
                   .next_header = packet.protocol,
                   .hop_limit = hop_limit,
                   .traffic_class = packet.traffic_class},
        payload_bytes, header.push_front(Ipv6Header::kBytes));
}

}  // namespace

SendStatus Interface::send(Time now, const Packet& packet, PacketHeader& header,
                           std::span<const ByteSpan> payload) {
  bool v4 = packet.destination.family() == Family::ipv4;
  size_t ip_bytes = v4 ? Ipv4Header::kBytes : Ipv6Header::kBytes;
  size_t transport_header_bytes = header.size();
  size_t transport_bytes = transport_header_bytes + total_bytes(payload);
  if (transport_bytes + (v4 ? ip_bytes : 0) > 0xffff) return SendStatus::too_long;
  uint16_t mtu = packet.may_fragment ? path_mtu(now, packet.destination)
                                     : this->mtu(packet.destination.family());
  if (packet.gso_bytes == 0 && transport_bytes + ip_bytes > mtu) {
    if (!packet.may_fragment) return SendStatus::too_long;
    Bytes whole = joined(header.bytes(), payload);
    if (packet.checksum_at) {
      store_be16(whole, *packet.checksum_at, 0);
      uint16_t sum = transport_checksum(packet.source, packet.destination, packet.protocol, whole);
      store_be16(whole, *packet.checksum_at, sum == 0 ? 0xffff : sum);
    }
    return send_fragments(now, packet, whole, mtu);
  }
  FrameMeta meta;
  if (packet.checksum_at) {
    meta.checksum = ChecksumState::partial;
    meta.checksum_start = static_cast<uint16_t>(EthernetHeader::kBytes + ip_bytes);
    meta.checksum_offset = *packet.checksum_at;
    Checksum sum =
        pseudo_header(packet.source, packet.destination, packet.protocol, transport_bytes);
    store_be16(header.bytes(), *packet.checksum_at, sum.partial());
  }
  if (packet.gso_bytes > 0) {
    meta.gso = v4 ? Gso::tcp4 : Gso::tcp6;
    meta.gso_bytes = packet.gso_bytes;
    meta.header_bytes =
        static_cast<uint16_t>(EthernetHeader::kBytes + ip_bytes + transport_header_bytes);
  }
  uint8_t hop_limit = packet.hop_limit != 0 ? packet.hop_limit
                      : v4                  ? kHopLimit
                                            : discovery_.hop_limit().value_or(kHopLimit);
  if (v4) {
    push_ipv4(header, packet, hop_limit, transport_bytes);
  } else {
    push_ipv6(header, packet, hop_limit, transport_bytes);
  }
  return route_out(now, packet.destination, header, payload, meta);
}

SendStatus Interface::send_fragments(Time now, const Packet& packet, ByteSpan transport,
                                     uint16_t mtu) {
  bool v4 = packet.destination.family() == Family::ipv4;
  size_t overhead = v4 ? Ipv4Header::kBytes : Ipv6Header::kBytes + Ipv6Fragment::kBytes;
  size_t step = (mtu - overhead) / 8 * 8;
  uint16_t id = next_id_++;
  uint32_t id6 = next_fragment_id_++;
  SendStatus status = SendStatus::sent;
  for (size_t offset = 0; offset < transport.size(); offset += step) {
    size_t length = std::min(step, transport.size() - offset);
    bool more = offset + length < transport.size();
    PacketHeader header;
    if (v4) {
      write(Ipv4Header{.source = packet.source.v4(),
                       .destination = packet.destination.v4(),
                       .protocol = packet.protocol,
                       .ttl = packet.hop_limit != 0 ? packet.hop_limit : kHopLimit,
                       .traffic_class = packet.traffic_class,
                       .id = id,
                       .more_fragments = more,
                       .fragment_offset_bytes = static_cast<uint16_t>(offset)},
            length, header.push_front(Ipv4Header::kBytes));
    } else {
      write(Ipv6Fragment{id6, static_cast<uint16_t>(offset), more, packet.protocol},
            header.push_front(Ipv6Fragment::kBytes));
      Packet outer = packet;
      outer.protocol = Protocol::fragment;
      push_ipv6(header, outer, packet.hop_limit != 0 ? packet.hop_limit : kHopLimit,
                Ipv6Fragment::kBytes + length);
    }
    ByteSpan piece = transport.subspan(offset, length);
    status = route_out(now, packet.destination, header, std::span(&piece, 1), {});
  }
  return status;
}

SendStatus Interface::route_out(Time now, const IpAddress& destination, PacketHeader& header,
                                std::span<const ByteSpan> payload, FrameMeta meta) {
  if (addresses_.usable(destination)) {
    write(EthernetHeader{mac(), mac(),
                         destination.family() == Family::ipv4 ? EtherType::ipv4 : EtherType::ipv6},
          header.push_front(EthernetHeader::kBytes));
    if (meta.checksum == ChecksumState::partial) meta.checksum = ChecksumState::valid;
    looped_.push_back({Buf::copy_of(joined(header.bytes(), payload)), meta});
    return SendStatus::sent;
  }
  std::optional<MacAddress> to;
  if (destination.is_multicast()) {
    to = multicast_mac(destination);
  } else if (destination.family() == Family::ipv4 && addresses_.is_broadcast(destination.v4())) {
    to = MacAddress::broadcast();
  }
  std::optional<IpAddress> hop = destination;
  if (!to) {
    hop = routes_.next_hop(destination);
    if (!hop) return SendStatus::no_route;
    to = neighbors_.use(now, *hop);
  }
  write(EthernetHeader{to.value_or(MacAddress{}), mac(),
                       destination.family() == Family::ipv4 ? EtherType::ipv4 : EtherType::ipv6},
        header.push_front(EthernetHeader::kBytes));
  if (to) return transmit(now, header, payload, meta);
  neighbors_.hold(now, *hop, {joined(header.bytes(), payload), meta});
  while (auto question = neighbors_.next_solicitation(now)) ask(now, *question);
  return SendStatus::sent;
}

SendStatus Interface::transmit(Time now, PacketHeader& header, std::span<const ByteSpan> payload,
                               const FrameMeta& meta) {
  std::array<ByteSpan, kFramePiecesMax> pieces;
  assert(payload.size() < pieces.size());
  pieces[0] = std::as_const(header).bytes();
  std::copy(payload.begin(), payload.end(), pieces.begin() + 1);
  return put(now, std::span(pieces).first(payload.size() + 1), meta);
}

// To the device; or, as it is full, to the few frames that wait for it.
SendStatus Interface::put(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) {
  if (blocked_.empty() && device_.send(now, pieces, meta) == SendResult::sent) {
    ++counters_.frames_out;
    return SendStatus::sent;
  }
  if (blocked_.size() >= kBlockedMax) return SendStatus::device_full;
  blocked_.push_back({joined(pieces[0], pieces.subspan(1)), meta});
  return SendStatus::sent;
}

bool Interface::ready(Time now) {
  while (!blocked_.empty()) {
    const HeldFrame& frame = blocked_.front();
    if (send_held(now, frame) == SendResult::full) return false;
    ++counters_.frames_out;
    blocked_.pop_front();
  }
  return true;
}

SendResult Interface::send_held(Time now, const HeldFrame& frame) {
  // An oversized segment is cut where its headers end: they must be a piece of their own.
  size_t first = frame.bytes.size();
  if (frame.meta.checksum == ChecksumState::partial)
    first = std::min<size_t>(first, PacketHeader::kBytesMax);
  if (frame.meta.gso != Gso::none) first = frame.meta.header_bytes;
  std::array<ByteSpan, 2> pieces{ByteSpan(frame.bytes).first(first),
                                 ByteSpan(frame.bytes).subspan(first)};
  return device_.send(now, std::span(pieces).first(pieces[1].empty() ? 1 : 2), frame.meta);
}

void Interface::send_arp(Time now, const ArpPacket& packet, const MacAddress& to) {
  PacketHeader header;
  auto bytes = serialize(packet);
  std::span<std::byte> out = header.push_front(bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.begin());
  write(EthernetHeader{to, mac(), EtherType::arp}, header.push_front(EthernetHeader::kBytes));
  transmit(now, header, {}, {});
}

void Interface::send_whole(Time now, const IpAddress& source, const IpAddress& destination,
                           Protocol protocol, uint8_t hop_limit, ByteSpan bytes) {
  PacketHeader header;
  send(now,
       {.source = source,
        .destination = destination,
        .protocol = protocol,
        .hop_limit = hop_limit,
        .may_fragment = true},
       header, std::span(&bytes, 1));
}

void Interface::send_ndp(Time now, const Ipv6Address& source, const Ipv6Address& destination,
                         const NdpMessage& message) {
  Bytes bytes = serialize(source, destination, message);
  send_whole(now, source, destination, Protocol::icmpv6, 255, bytes);
}

void Interface::send_icmpv4_error(Time now, Icmpv4Type type, uint8_t code, uint32_t rest,
                                  ByteSpan packet) {
  auto quoted = parse_ipv4_quote(packet);
  if (!quoted) return;
  const Ipv4Header& ip = quoted->header;
  bool single_source = !ip.source.is_unspecified() && !ip.source.is_multicast() &&
                       !ip.source.is_loopback() && !addresses_.is_broadcast(ip.source);
  if (!single_source || ip.fragment_offset_bytes != 0 || !addresses_.usable(ip.destination)) return;
  if (!errors_limit_.take(now)) {
    ++counters_.icmp_limited;
    return;
  }
  // As much of the packet as fits in 576 bytes (RFC 1812, section 4.3.2.3).
  size_t quote = std::min<size_t>(packet.size(), 576 - Ipv4Header::kBytes - 8);
  Bytes bytes = serialize(Icmpv4Message{type, code, rest, packet.first(quote)});
  ++counters_.icmp_errors_out;
  send_whole(now, ip.destination, ip.source, Protocol::icmp, 0, bytes);
}

void Interface::send_icmpv6_error(Time now, Icmpv6Type type, uint8_t code, uint32_t rest,
                                  ByteSpan packet, Cast cast) {
  auto quoted = parse_ipv6_quote(packet);
  if (!quoted) return;
  const Ipv6Header& ip = quoted->header;
  if (ip.source.is_unspecified() || ip.source.is_multicast()) return;
  if (!errors_limit_.take(now)) {
    ++counters_.icmp_limited;
    return;
  }
  std::optional<IpAddress> source = cast == Cast::single && addresses_.usable(ip.destination)
                                        ? IpAddress(ip.destination)
                                        : source_for(now, ip.source);
  if (!source) return;
  // As much as fits in the least MTU (RFC 4443, section 2.4, c).
  size_t quote = std::min<size_t>(packet.size(), 1280 - Ipv6Header::kBytes - 8);
  Bytes bytes =
      serialize(source->v6(), ip.source, Icmpv6Message{type, code, rest, packet.first(quote)});
  ++counters_.icmp_errors_out;
  send_whole(now, *source, ip.source, Protocol::icmpv6, 0, bytes);
}

}  // namespace ukstore::net
