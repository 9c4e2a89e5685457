#include <ukstore/libos/net/wire/udp.h>

#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/ipv4.h>
#include <ukstore/libos/net/wire/transport_checksum.h>

namespace ukstore::net {

Parsed<UdpDatagram> parse_udp(const IpAddress& source, const IpAddress& destination, ByteSpan bytes,
                              UdpChecksum checksum) {
  if (bytes.size() < UdpHeader::kBytes) return std::unexpected(Fault::truncated);
  size_t length = load_be16(bytes, 4);
  if (length < UdpHeader::kBytes) return std::unexpected(Fault::length);
  if (length > bytes.size()) return std::unexpected(Fault::truncated);
  bool has_checksum = load_be16(bytes, 6) != 0;
  if (!has_checksum && source.family() == Family::ipv6) return std::unexpected(Fault::field);
  if (has_checksum && checksum == UdpChecksum::verify &&
      transport_checksum(source, destination, Protocol::udp, bytes.first(length)) != 0)
    return std::unexpected(Fault::checksum);
  UdpDatagram datagram{{load_be16(bytes, 0), load_be16(bytes, 2)},
                       bytes.subspan(UdpHeader::kBytes, length - UdpHeader::kBytes)};
  if (datagram.header.destination_port == 0) return std::unexpected(Fault::field);
  return datagram;
}

void write(const IpAddress& source, const IpAddress& destination, const UdpHeader& header,
           std::span<std::byte> out) {
  assert(out.size() >= UdpHeader::kBytes && out.size() <= 0xffff);
  store_be16(out, 0, header.source_port);
  store_be16(out, 2, header.destination_port);
  store_be16(out, 4, static_cast<uint16_t>(out.size()));
  store_be16(out, 6, 0);
  uint16_t sum = transport_checksum(source, destination, Protocol::udp, out);
  // Zero would mean "no checksum": its other representation is sent.
  store_be16(out, 6, sum == 0 ? 0xffff : sum);
}

}  // namespace ukstore::net
