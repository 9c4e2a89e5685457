#include <ukstore/libos/net/wire/print.h>

#include <ukstore/libos/net/wire/arp.h>
#include <ukstore/libos/net/wire/dhcpv4.h>
#include <ukstore/libos/net/wire/dns.h>
#include <ukstore/libos/net/wire/ethernet.h>
#include <ukstore/libos/net/wire/icmp.h>
#include <ukstore/libos/net/wire/ipv6_extension.h>
#include <ukstore/libos/net/wire/ndp.h>
#include <ukstore/libos/net/wire/tcp.h>
#include <ukstore/libos/net/wire/udp.h>

namespace ukstore::net {
namespace {

std::string refused(Fault fault) { return '[' + std::string(name(fault)) + ']'; }

std::string arrow(const IpAddress& source, uint16_t source_port, const IpAddress& destination,
                  uint16_t destination_port) {
  return to_string(source) + '.' + std::to_string(source_port) + " > " + to_string(destination) +
         '.' + std::to_string(destination_port) + ": ";
}

std::string arrow(const IpAddress& source, const IpAddress& destination) {
  return to_string(source) + " > " + to_string(destination) + ": ";
}

std::string describe(const DhcpMessage& message) {
  static constexpr const char* kNames[] = {"",        "Discover", "Offer", "Request",
                                           "Decline", "ACK",      "NAK",   "Release"};
  std::string text = std::string("DHCP, ") + kNames[static_cast<size_t>(message.type)] + " from " +
                     to_string(message.client_mac);
  if (!message.yours.is_unspecified()) text += ", gives " + to_string(message.yours);
  if (message.requested) text += ", wants " + to_string(*message.requested);
  return text;
}

std::string describe(const DnsMessage& message) {
  std::string text = "DNS " + std::to_string(message.id);
  auto type = [](DnsType t) {
    switch (t) {
      case DnsType::a:
        return std::string("A");
      case DnsType::aaaa:
        return std::string("AAAA");
      case DnsType::cname:
        return std::string("CNAME");
    }
    return "type" + std::to_string(static_cast<unsigned>(t));
  };
  text +=
      (message.response ? " " : "? ") + type(message.question.type) + ' ' + message.question.name;
  if (message.code != 0) text += " error " + std::to_string(message.code);
  for (const DnsRecord& record : message.answers)
    text += ", " + type(record.type) + ' ' +
            (record.type == DnsType::cname ? record.alias : to_string(record.address));
  return text;
}

std::string describe_udp(const IpAddress& source, const IpAddress& destination, ByteSpan bytes) {
  auto udp = parse_udp(source, destination, bytes, UdpChecksum::trusted);
  if (!udp) return arrow(source, destination) + "UDP " + refused(udp.error());
  const UdpHeader& header = udp->header;
  std::string text =
      arrow(source, header.source_port, destination, header.destination_port) + "UDP, ";
  if (header.source_port == kDnsPort || header.destination_port == kDnsPort)
    if (auto message = parse_dns(udp->payload)) return text + describe(*message);
  if (header.source_port == kDhcpServerPort || header.destination_port == kDhcpServerPort)
    if (auto message = parse_dhcp(udp->payload)) return text + describe(*message);
  return text + "length " + std::to_string(udp->payload.size());
}

std::string describe_tcp(const IpAddress& source, const IpAddress& destination, ByteSpan bytes) {
  auto view = TcpView::check(bytes);
  if (!view) return arrow(source, destination) + "TCP [truncated]";
  TcpHeader header = view->parse();
  return arrow(source, header.source_port, destination, header.destination_port) +
         to_string(header, view->payload().size());
}

std::string describe_icmpv4(ByteSpan bytes) {
  auto message = parse_icmpv4(bytes);
  if (!message) return "ICMP " + refused(message.error());
  auto echo = [&](const char* what) {
    return std::string("ICMP echo ") + what + ", id " + std::to_string(message->echo_id()) +
           ", seq " + std::to_string(message->echo_sequence()) + ", length " +
           std::to_string(bytes.size());
  };
  switch (message->type) {
    case Icmpv4Type::echo_request:
      return echo("request");
    case Icmpv4Type::echo_reply:
      return echo("reply");
    case Icmpv4Type::unreachable: {
      std::string text = "ICMP unreachable, code " + std::to_string(message->code);
      if (message->code == kIcmpv4FragmentationNeeded)
        text += ", mtu " + std::to_string(next_hop_mtu(*message));
      return text;
    }
    case Icmpv4Type::time_exceeded:
      return "ICMP time exceeded";
    case Icmpv4Type::parameter_problem:
      return "ICMP parameter problem";
    default:
      return "ICMP type " + std::to_string(static_cast<unsigned>(message->type));
  }
}

std::string describe(const RouterSolicitation&) { return "router solicitation"; }
std::string describe(const RouterAdvertisement& message) {
  std::string text = "router advertisement, lifetime " + std::to_string(message.lifetime_s) + "s";
  for (const PrefixInformation& prefix : message.prefixes)
    text += ", prefix " + to_string(prefix.prefix) + '/' + std::to_string(prefix.prefix_bits);
  return text;
}
std::string describe(const NeighborSolicitation& message) {
  return "neighbor solicitation, who has " + to_string(message.target);
}
std::string describe(const NeighborAdvertisement& message) {
  return "neighbor advertisement, tgt is " + to_string(message.target);
}

std::string describe_icmpv6(const Ipv6Header& ip, ByteSpan bytes) {
  auto message = parse_icmpv6(ip.source, ip.destination, bytes);
  if (!message) return "ICMP6 " + refused(message.error());
  auto echo = [&](const char* what) {
    return std::string("ICMP6, echo ") + what + ", id " + std::to_string(message->echo_id()) +
           ", seq " + std::to_string(message->echo_sequence()) + ", length " +
           std::to_string(bytes.size());
  };
  switch (message->type) {
    case Icmpv6Type::echo_request:
      return echo("request");
    case Icmpv6Type::echo_reply:
      return echo("reply");
    case Icmpv6Type::unreachable:
      return "ICMP6, unreachable, code " + std::to_string(message->code);
    case Icmpv6Type::packet_too_big:
      return "ICMP6, packet too big, mtu " + std::to_string(message->rest);
    case Icmpv6Type::time_exceeded:
      return "ICMP6, time exceeded";
    case Icmpv6Type::parameter_problem:
      return "ICMP6, parameter problem, code " + std::to_string(message->code) + ", pointer " +
             std::to_string(message->rest);
    default:
      break;
  }
  if (auto ndp = parse_ndp(ip, *message))
    return "ICMP6, " + std::visit([](const auto& kind) { return describe(kind); }, *ndp);
  return "ICMP6, type " + std::to_string(static_cast<unsigned>(message->type));
}

std::string describe_transport(Protocol protocol, const IpAddress& source,
                               const IpAddress& destination, ByteSpan payload) {
  switch (protocol) {
    case Protocol::tcp:
      return describe_tcp(source, destination, payload);
    case Protocol::udp:
      return describe_udp(source, destination, payload);
    default:
      return arrow(source, destination) + "protocol " +
             std::to_string(static_cast<unsigned>(protocol)) + ", length " +
             std::to_string(payload.size());
  }
}

std::string fragment_text(uint32_t id, uint16_t offset, size_t length, bool more) {
  return "frag (id " + std::to_string(id) + ", " + std::to_string(offset) + ':' +
         std::to_string(length) + (more ? "+)" : ")");
}

std::string describe_ipv4(ByteSpan bytes) {
  auto packet = parse_ipv4_packet(bytes);
  if (!packet) return "IP " + refused(packet.error());
  const Ipv4Header& header = packet->header;
  if (header.is_fragment())
    return "IP " + arrow(header.source, header.destination) +
           fragment_text(header.id, header.fragment_offset_bytes, packet->payload.size(),
                         header.more_fragments);
  if (header.protocol == Protocol::icmp)
    return "IP " + arrow(header.source, header.destination) + describe_icmpv4(packet->payload);
  return "IP " +
         describe_transport(header.protocol, header.source, header.destination, packet->payload);
}

std::string describe_ipv6(ByteSpan bytes) {
  auto packet = parse_ipv6_packet(bytes);
  if (!packet) return "IP6 " + refused(packet.error());
  const Ipv6Header& header = packet->header;
  Ipv6Walk walk = walk_extensions(*packet);
  const auto* chain = std::get_if<Ipv6Chain>(&walk);
  if (!chain) return "IP6 " + arrow(header.source, header.destination) + "[extension headers]";
  if (chain->fragment)
    return "IP6 " + arrow(header.source, header.destination) +
           fragment_text(chain->fragment->id, chain->fragment->offset_bytes, chain->payload.size(),
                         chain->fragment->more);
  if (chain->upper == Protocol::icmpv6)
    return "IP6 " + arrow(header.source, header.destination) +
           describe_icmpv6(header, chain->payload);
  return "IP6 " +
         describe_transport(chain->upper, header.source, header.destination, chain->payload);
}

}  // namespace

std::string describe_packet(ByteSpan packet) {
  if (packet.empty()) return "IP [truncated]";
  return load_u8(packet, 0) >> 4 == 6 ? describe_ipv6(packet) : describe_ipv4(packet);
}

std::string describe_frame(ByteSpan frame) {
  auto ethernet = parse_ethernet(frame);
  if (!ethernet) return "Ethernet " + refused(ethernet.error());
  switch (ethernet->header.type) {
    case EtherType::ipv4:
    case EtherType::ipv6:
      return describe_packet(ethernet->payload);
    case EtherType::arp:
      break;
    default:
      return "ethertype " + std::to_string(static_cast<unsigned>(ethernet->header.type)) +
             ", length " + std::to_string(frame.size());
  }
  auto arp = parse_arp(ethernet->payload);
  if (!arp) return "ARP " + refused(arp.error());
  if (arp->operation == ArpOperation::request)
    return "ARP, Request who-has " + to_string(arp->target) + " tell " + to_string(arp->sender);
  return "ARP, Reply " + to_string(arp->sender) + " is-at " + to_string(arp->sender_mac);
}

}  // namespace ukstore::net
