#include <ukstore/libos/net/wire/ipv6.h>

#include <ukstore/libos/net/wire/byte_order.h>

#include <algorithm>

namespace ukstore::net {
namespace {

enum class Body : uint8_t { whole, cut };

Parsed<Ipv6Packet> parse(ByteSpan bytes, Body body) {
  if (bytes.empty()) return std::unexpected(Fault::truncated);
  if (load_u8(bytes, 0) >> 4 != 6) return std::unexpected(Fault::version);
  if (bytes.size() < Ipv6Header::kBytes) return std::unexpected(Fault::truncated);
  size_t length = load_be16(bytes, 4);
  ByteSpan rest = bytes.subspan(Ipv6Header::kBytes);
  if (rest.size() < length && body == Body::whole) return std::unexpected(Fault::truncated);
  Ipv6Packet packet;
  packet.header.traffic_class = static_cast<uint8_t>(load_be16(bytes, 0) >> 4);
  packet.header.flow_label = load_be32(bytes, 0) & 0xfffff;
  packet.header.next_header = static_cast<Protocol>(load_u8(bytes, 6));
  packet.header.hop_limit = load_u8(bytes, 7);
  load(bytes, 8, packet.header.source.octets);
  load(bytes, 24, packet.header.destination.octets);
  packet.payload = rest.first(std::min(length, rest.size()));
  if (packet.header.source.is_multicast()) return std::unexpected(Fault::field);
  return packet;
}

}  // namespace

Parsed<Ipv6Packet> parse_ipv6_packet(ByteSpan bytes) { return parse(bytes, Body::whole); }

Parsed<Ipv6Packet> parse_ipv6_quote(ByteSpan bytes) { return parse(bytes, Body::cut); }

void write(const Ipv6Header& header, size_t payload_bytes, std::span<std::byte> out) {
  assert(out.size() >= Ipv6Header::kBytes && payload_bytes <= 0xffff);
  store_be32(out, 0,
             6u << 28 | uint32_t{header.traffic_class} << 20 | (header.flow_label & 0xfffff));
  store_be16(out, 4, static_cast<uint16_t>(payload_bytes));
  store_u8(out, 6, static_cast<uint8_t>(header.next_header));
  store_u8(out, 7, header.hop_limit);
  store(out, 8, header.source.octets);
  store(out, 24, header.destination.octets);
}

}  // namespace ukstore::net
