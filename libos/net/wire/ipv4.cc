#include <ukstore/libos/net/wire/ipv4.h>

#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/checksum.h>

#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kMoreFragments = 0x2000;

Ipv4Header read_fields(ByteSpan bytes) {
  Ipv4Header header;
  uint16_t fragment = load_be16(bytes, 6);
  header.traffic_class = load_u8(bytes, 1);
  header.id = load_be16(bytes, 4);
  header.dont_fragment = (fragment & kDontFragment) != 0;
  header.more_fragments = (fragment & kMoreFragments) != 0;
  header.fragment_offset_bytes = static_cast<uint16_t>((fragment & 0x1fff) * 8);
  header.ttl = load_u8(bytes, 8);
  header.protocol = static_cast<Protocol>(load_u8(bytes, 9));
  load(bytes, 12, header.source.octets);
  load(bytes, 16, header.destination.octets);
  return header;
}

}  // namespace

Parsed<Ipv4Packet> parse_ipv4_quote(ByteSpan bytes) {
  if (bytes.empty()) return std::unexpected(Fault::truncated);
  if (load_u8(bytes, 0) >> 4 != 4) return std::unexpected(Fault::version);
  if (bytes.size() < Ipv4Header::kBytes) return std::unexpected(Fault::truncated);
  size_t header_bytes = (load_u8(bytes, 0) & 15u) * 4;
  size_t total = load_be16(bytes, 2);
  if (header_bytes < Ipv4Header::kBytes || total < header_bytes)
    return std::unexpected(Fault::length);
  if (bytes.size() < header_bytes) return std::unexpected(Fault::truncated);
  ByteSpan rest = bytes.subspan(header_bytes);
  return Ipv4Packet{read_fields(bytes), header_bytes,
                    rest.first(std::min(rest.size(), total - header_bytes))};
}

Parsed<Ipv4Packet> parse_ipv4_packet(ByteSpan bytes) {
  Parsed<Ipv4Packet> packet = parse_ipv4_quote(bytes);
  if (!packet) return packet;
  if (load_be16(bytes, 2) > bytes.size()) return std::unexpected(Fault::truncated);
  if (internet_checksum(bytes.first(packet->header_bytes)) != 0)
    return std::unexpected(Fault::checksum);
  const Ipv4Header& header = packet->header;
  size_t end = header.fragment_offset_bytes + packet->payload.size();
  if (end + packet->header_bytes > 0xffff) return std::unexpected(Fault::field);
  if (header.more_fragments && (packet->payload.size() % 8 != 0 || packet->payload.empty()))
    return std::unexpected(Fault::field);
  return packet;
}

void write(const Ipv4Header& header, size_t payload_bytes, std::span<std::byte> out) {
  assert(out.size() >= Ipv4Header::kBytes && payload_bytes + Ipv4Header::kBytes <= 0xffff);
  assert(header.fragment_offset_bytes % 8 == 0);
  store_u8(out, 0, 0x45);
  store_u8(out, 1, header.traffic_class);
  store_be16(out, 2, static_cast<uint16_t>(Ipv4Header::kBytes + payload_bytes));
  store_be16(out, 4, header.id);
  store_be16(out, 6,
             static_cast<uint16_t>((header.dont_fragment ? kDontFragment : 0) |
                                   (header.more_fragments ? kMoreFragments : 0) |
                                   header.fragment_offset_bytes / 8));
  store_u8(out, 8, header.ttl);
  store_u8(out, 9, static_cast<uint8_t>(header.protocol));
  store_be16(out, 10, 0);
  store(out, 12, header.source.octets);
  store(out, 16, header.destination.octets);
  store_be16(out, 10, internet_checksum(out.first(Ipv4Header::kBytes)));
}

}  // namespace ukstore::net
