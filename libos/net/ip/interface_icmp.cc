#include <ukstore/libos/net/ip/interface.h>
#include <ukstore/libos/net/wire/ndp.h>

// ICMP and ICMPv6: echo, errors about our packets, neighbor discovery.

namespace ukstore::net {
namespace {

constexpr uint16_t kIpv4MtuMin = 68;  // RFC 791; what is less is nonsense
constexpr uint16_t kIpv6MtuMin = 1280;

// The next lower plateau, for routers that name no MTU (RFC 1191, section 7).
uint16_t plateau_below(size_t packet_bytes) {
  for (uint16_t plateau : {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296})
    if (plateau < packet_bytes) return plateau;
  return kIpv4MtuMin;
}

}  // namespace

void Interface::on_icmpv4(Time now, const Incoming& in, const Ipv4Header& ip, const Received& up) {
  auto message = parse_icmpv4(up.bytes.bytes());
  if (!message) {
    ++counters_.malformed;
    return;
  }
  switch (message->type) {
    case Icmpv4Type::echo_request: {
      // Echoes to a broadcast are how smurfs attack (RFC 1122, section 3.2.2.6, allows silence).
      if (in.cast == Cast::many || !addresses_.usable(ip.destination)) return;
      if (!echo_limit_.take(now)) {
        ++counters_.icmp_limited;
        return;
      }
      Bytes reply =
          serialize(Icmpv4Message{Icmpv4Type::echo_reply, 0, message->rest, message->body});
      send_whole(now, ip.destination, ip.source, Protocol::icmp, 0, reply);
      return;
    }
    case Icmpv4Type::unreachable:
    case Icmpv4Type::time_exceeded:
    case Icmpv4Type::parameter_problem:
      on_icmpv4_error(now, *message);
      return;
    default:
      return;
  }
}

void Interface::on_icmpv4_error(Time now, const Icmpv4Message& message) {
  auto quoted = parse_ipv4_quote(message.body);
  if (!quoted || quoted->payload.size() < 8 || quoted->header.fragment_offset_bytes != 0 ||
      !addresses_.usable(quoted->header.source)) {
    ++counters_.malformed;
    return;
  }
  IcmpError error{.protocol = quoted->header.protocol,
                  .source = quoted->header.source,
                  .destination = quoted->header.destination,
                  .quote = quoted->payload};
  if (message.type == Icmpv4Type::unreachable) {
    error.kind = IcmpError::Kind::unreachable;
    if (message.code == kIcmpv4PortUnreachable) error.kind = IcmpError::Kind::port_unreachable;
    if (message.code == kIcmpv4FragmentationNeeded) {
      error.kind = IcmpError::Kind::too_big;
      size_t quoted_bytes = load_be16(message.body, 2);
      uint16_t mtu = next_hop_mtu(message);
      error.mtu = std::max(mtu != 0 ? mtu : plateau_below(quoted_bytes), kIpv4MtuMin);
    }
  }
  if (upper_.on_icmp_error(now, error) == Belief::believed && error.mtu != 0)
    path_mtu_.learn(now, error.destination, error.mtu);
}

void Interface::on_icmpv6(Time now, const Incoming&, const Ipv6Header& ip, const Received& up) {
  auto message = parse_icmpv6(ip.source, ip.destination, up.bytes.bytes());
  if (!message) {
    ++counters_.malformed;
    return;
  }
  switch (message->type) {
    case Icmpv6Type::echo_request: {
      if (ip.source.is_unspecified()) return;
      std::optional<IpAddress> source = ip.destination;
      if (ip.destination.is_multicast()) source = source_for(now, ip.source);
      if (!source || !echo_limit_.take(now)) {
        ++counters_.icmp_limited;
        return;
      }
      Bytes reply =
          serialize(source->v6(), ip.source,
                    Icmpv6Message{Icmpv6Type::echo_reply, 0, message->rest, message->body});
      send_whole(now, *source, ip.source, Protocol::icmpv6, 0, reply);
      return;
    }
    case Icmpv6Type::unreachable:
    case Icmpv6Type::packet_too_big:
    case Icmpv6Type::time_exceeded:
    case Icmpv6Type::parameter_problem:
      on_icmpv6_error(now, *message);
      return;
    case Icmpv6Type::router_advertisement:
    case Icmpv6Type::neighbor_solicitation:
    case Icmpv6Type::neighbor_advertisement:
      on_ndp(now, ip, *message);
      return;
    default:
      return;
  }
}

void Interface::on_icmpv6_error(Time now, const Icmpv6Message& message) {
  auto quoted = parse_ipv6_quote(message.body);
  if (!quoted || !addresses_.usable(quoted->header.source)) {
    ++counters_.malformed;
    return;
  }
  Ipv6Walk walk = walk_extensions(*quoted);
  const auto* chain = std::get_if<Ipv6Chain>(&walk);
  if (chain == nullptr || chain->payload.size() < 8 ||
      (chain->fragment && chain->fragment->offset_bytes != 0))
    return;
  IcmpError error{.protocol = chain->upper,
                  .source = quoted->header.source,
                  .destination = quoted->header.destination,
                  .quote = chain->payload};
  if (message.type == Icmpv6Type::unreachable)
    error.kind = message.code == kIcmpv6PortUnreachable ? IcmpError::Kind::port_unreachable
                                                        : IcmpError::Kind::unreachable;
  if (message.type == Icmpv6Type::packet_too_big) {
    error.kind = IcmpError::Kind::too_big;
    // Less than the least MTU cannot be true (RFC 8201, section 4).
    error.mtu = static_cast<uint16_t>(std::clamp<uint32_t>(message.rest, kIpv6MtuMin, 0xffff));
  }
  if (upper_.on_icmp_error(now, error) == Belief::believed && error.mtu != 0)
    path_mtu_.learn(now, error.destination, error.mtu);
}

void Interface::on_ndp(Time now, const Ipv6Header& ip, const Icmpv6Message& message) {
  auto parsed = parse_ndp(ip, message);
  if (!parsed) {
    ++counters_.malformed;
    return;
  }
  if (const auto* solicitation = std::get_if<NeighborSolicitation>(&*parsed))
    return on_neighbor_solicitation(now, ip, *solicitation);
  if (const auto* advertisement = std::get_if<NeighborAdvertisement>(&*parsed))
    return on_neighbor_advertisement(now, *advertisement);
  const auto* router = std::get_if<RouterAdvertisement>(&*parsed);
  if (router == nullptr) return;
  if (router->source_mac)
    release(now,
            neighbors_.learn(now, ip.source, *router->source_mac, Evidence::heard,
                             NeighborCache::Create::yes),
            *router->source_mac);
  for (const OwnAddress& address :
       discovery_.on_advertisement(now, ip.source, *router, mac(), addresses_, routes_)) {
    if (addresses_.find(address.cidr.address) == nullptr)
      add_address(now, address.cidr, AddressOrigin::slaac);
    addresses_.add(address);  // the lifetimes
  }
}

void Interface::on_neighbor_solicitation(Time now, const Ipv6Header& ip,
                                         const NeighborSolicitation& message) {
  const OwnAddress* own = addresses_.find(message.target);
  if (own == nullptr) return;
  if (own->tentative()) {
    // Somebody else is about to take it too (RFC 4862, section 5.4.3): neither gets it.
    if (ip.source.is_unspecified()) {
      ++counters_.address_conflicts;
      remove_address(message.target);
    }
    return;
  }
  NeighborAdvertisement reply{.target = message.target,
                              .target_mac = mac(),
                              .solicited = !ip.source.is_unspecified(),
                              .override_entry = true};
  if (ip.source.is_unspecified()) return send_ndp(now, message.target, kAllNodes, reply);
  if (message.source_mac)
    release(now,
            neighbors_.learn(now, ip.source, *message.source_mac, Evidence::heard,
                             NeighborCache::Create::yes),
            *message.source_mac);
  send_ndp(now, message.target, ip.source, reply);
}

void Interface::on_neighbor_advertisement(Time now, const NeighborAdvertisement& message) {
  if (const OwnAddress* own = addresses_.find(message.target)) {
    // Ours is claimed: a tentative address is given up (RFC 4862, section 5.4.4).
    ++counters_.address_conflicts;
    if (own->tentative()) remove_address(message.target);
    return;
  }
  if (!message.target_mac) return;
  // An address that changed hands is believed only if the message says so (RFC 4861, 7.2.5).
  auto evidence = message.solicited ? Evidence::answered : Evidence::heard;
  if (!message.override_entry && !message.solicited) return;
  release(now,
          neighbors_.learn(now, message.target, *message.target_mac, evidence,
                           NeighborCache::Create::no),
          *message.target_mac);
}

}  // namespace ukstore::net
