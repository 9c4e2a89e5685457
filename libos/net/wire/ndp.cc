#include <ukstore/libos/net/wire/ndp.h>

#include <ukstore/libos/net/wire/byte_order.h>

#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint8_t kSourceMac = 1;
constexpr uint8_t kTargetMac = 2;
constexpr uint8_t kPrefix = 3;
constexpr uint8_t kMtu = 5;
constexpr uint8_t kDnsServers = 25;

struct Options {
  std::optional<MacAddress> source_mac;
  std::optional<MacAddress> target_mac;
  std::optional<uint32_t> mtu;
  std::vector<PrefixInformation> prefixes;
  std::vector<Ipv6Address> dns_servers;
  uint32_t dns_lifetime_s = 0;
};

Ipv6Address read_address(ByteSpan bytes, size_t at) {
  Ipv6Address address;
  load(bytes, at, address.octets);
  return address;
}

MacAddress read_mac(ByteSpan option) {
  MacAddress mac;
  load(option, 2, mac.octets);
  return mac;
}

PrefixInformation read_prefix(ByteSpan option) {
  return {.prefix = read_address(option, 16),
          .prefix_bits = load_u8(option, 2),
          .on_link = (load_u8(option, 3) & 0x80) != 0,
          .autonomous = (load_u8(option, 3) & 0x40) != 0,
          .valid_s = load_be32(option, 4),
          .preferred_s = load_be32(option, 8)};
}

void read_option(ByteSpan option, Options& options) {
  switch (load_u8(option, 0)) {
    case kSourceMac:
      options.source_mac = read_mac(option);
      break;
    case kTargetMac:
      options.target_mac = read_mac(option);
      break;
    case kMtu:
      options.mtu = load_be32(option, 4);
      break;
    case kPrefix:
      if (option.size() == 32 && load_u8(option, 2) <= 128)
        options.prefixes.push_back(read_prefix(option));
      break;
    case kDnsServers:
      if (option.size() < 24) break;
      options.dns_lifetime_s = load_be32(option, 4);
      for (size_t at = 8; at + 16 <= option.size(); at += 16)
        options.dns_servers.push_back(read_address(option, at));
      break;
    default:
      break;  // unknown options are skipped
  }
}

Parsed<Options> read_options(ByteSpan bytes) {
  Options options;
  while (!bytes.empty()) {
    if (bytes.size() < 8) return std::unexpected(Fault::truncated);
    size_t length = size_t{load_u8(bytes, 1)} * 8;
    if (length == 0) return std::unexpected(Fault::field);
    if (length > bytes.size()) return std::unexpected(Fault::truncated);
    read_option(bytes.first(length), options);
    bytes = bytes.subspan(length);
  }
  return options;
}

Parsed<NdpMessage> read_router_advertisement(const Ipv6Header& ip, const Icmpv6Message& message) {
  if (!ip.source.is_link_local()) return std::unexpected(Fault::field);
  if (message.body.size() < 8) return std::unexpected(Fault::truncated);
  Parsed<Options> options = read_options(message.body.subspan(8));
  if (!options) return std::unexpected(options.error());
  return RouterAdvertisement{.hop_limit = static_cast<uint8_t>(message.rest >> 24),
                             .lifetime_s = static_cast<uint16_t>(message.rest),
                             .reachable_ms = load_be32(message.body, 0),
                             .retransmit_ms = load_be32(message.body, 4),
                             .source_mac = options->source_mac,
                             .mtu = options->mtu,
                             .prefixes = std::move(options->prefixes),
                             .dns_servers = std::move(options->dns_servers),
                             .dns_lifetime_s = options->dns_lifetime_s};
}

Parsed<NdpMessage> read_neighbor(const Ipv6Header& ip, const Icmpv6Message& message) {
  if (message.body.size() < 16) return std::unexpected(Fault::truncated);
  Parsed<Options> options = read_options(message.body.subspan(16));
  if (!options) return std::unexpected(options.error());
  Ipv6Address target = read_address(message.body, 0);
  if (target.is_multicast()) return std::unexpected(Fault::field);
  if (message.type == Icmpv6Type::neighbor_solicitation) {
    // A probe for a duplicate goes to the solicited-node group and names no link address.
    if (ip.source.is_unspecified() &&
        (options->source_mac || ip.destination != solicited_node(target)))
      return std::unexpected(Fault::field);
    return NeighborSolicitation{target, options->source_mac};
  }
  NeighborAdvertisement advertisement{.target = target,
                                      .target_mac = options->target_mac,
                                      .router = (message.rest & 1u << 31) != 0,
                                      .solicited = (message.rest & 1u << 30) != 0,
                                      .override_entry = (message.rest & 1u << 29) != 0};
  if (ip.destination.is_multicast() && advertisement.solicited)
    return std::unexpected(Fault::field);
  return advertisement;
}

void append_mac(Bytes& bytes, uint8_t type, const std::optional<MacAddress>& mac) {
  if (!mac) return;
  append_u8(bytes, type);
  append_u8(bytes, 1);
  append(bytes, mac->octets);
}

void append_prefix(Bytes& bytes, const PrefixInformation& prefix) {
  append_u8(bytes, kPrefix);
  append_u8(bytes, 4);
  append_u8(bytes, prefix.prefix_bits);
  append_u8(bytes,
            static_cast<uint8_t>((prefix.on_link ? 0x80 : 0) | (prefix.autonomous ? 0x40 : 0)));
  append_be32(bytes, prefix.valid_s);
  append_be32(bytes, prefix.preferred_s);
  append_be32(bytes, 0);
  append(bytes, prefix.prefix.octets);
}

struct Body {
  Icmpv6Type type;
  uint32_t rest = 0;
  Bytes bytes;
};

Body body(const RouterSolicitation& message) {
  Body out{Icmpv6Type::router_solicitation};
  append_mac(out.bytes, kSourceMac, message.source_mac);
  return out;
}

Body body(const RouterAdvertisement& message) {
  Body out{Icmpv6Type::router_advertisement,
           uint32_t{message.hop_limit} << 24 | message.lifetime_s};
  append_be32(out.bytes, message.reachable_ms);
  append_be32(out.bytes, message.retransmit_ms);
  append_mac(out.bytes, kSourceMac, message.source_mac);
  if (message.mtu) {
    append_be32(out.bytes, uint32_t{kMtu} << 24 | 1u << 16);
    append_be32(out.bytes, *message.mtu);
  }
  for (const PrefixInformation& prefix : message.prefixes) append_prefix(out.bytes, prefix);
  if (!message.dns_servers.empty()) {
    auto units = static_cast<uint8_t>(1 + 2 * message.dns_servers.size());
    append_be32(out.bytes, uint32_t{kDnsServers} << 24 | uint32_t{units} << 16);
    append_be32(out.bytes, message.dns_lifetime_s);
    for (const Ipv6Address& server : message.dns_servers) append(out.bytes, server.octets);
  }
  return out;
}

Body body(const NeighborSolicitation& message) {
  Body out{Icmpv6Type::neighbor_solicitation};
  append(out.bytes, message.target.octets);
  append_mac(out.bytes, kSourceMac, message.source_mac);
  return out;
}

Body body(const NeighborAdvertisement& message) {
  Body out{Icmpv6Type::neighbor_advertisement, (message.router ? 1u << 31 : 0) |
                                                   (message.solicited ? 1u << 30 : 0) |
                                                   (message.override_entry ? 1u << 29 : 0)};
  append(out.bytes, message.target.octets);
  append_mac(out.bytes, kTargetMac, message.target_mac);
  return out;
}

}  // namespace

Parsed<NdpMessage> parse_ndp(const Ipv6Header& ip, const Icmpv6Message& message) {
  if (ip.hop_limit != 255 || message.code != 0) return std::unexpected(Fault::field);
  switch (message.type) {
    case Icmpv6Type::router_solicitation: {
      Parsed<Options> options = read_options(message.body);
      if (!options) return std::unexpected(options.error());
      if (ip.source.is_unspecified() && options->source_mac) return std::unexpected(Fault::field);
      return RouterSolicitation{options->source_mac};
    }
    case Icmpv6Type::router_advertisement:
      return read_router_advertisement(ip, message);
    case Icmpv6Type::neighbor_solicitation:
    case Icmpv6Type::neighbor_advertisement:
      return read_neighbor(ip, message);
    default:
      return std::unexpected(Fault::version);
  }
}

Bytes serialize(const Ipv6Address& source, const Ipv6Address& destination,
                const NdpMessage& message) {
  Body out = std::visit([](const auto& kind) { return body(kind); }, message);
  return serialize(source, destination, Icmpv6Message{out.type, 0, out.rest, out.bytes});
}

}  // namespace ukstore::net
