#include <ukstore/libos/net/wire/ethernet.h>

#include <ukstore/libos/net/wire/byte_order.h>

namespace ukstore::net {

Parsed<EthernetFrame> parse_ethernet(ByteSpan bytes) {
  if (bytes.size() < EthernetHeader::kBytes) return std::unexpected(Fault::truncated);
  EthernetFrame frame;
  load(bytes, 0, frame.header.destination.octets);
  load(bytes, 6, frame.header.source.octets);
  frame.header.type = static_cast<EtherType>(load_be16(bytes, 12));
  frame.payload = bytes.subspan(EthernetHeader::kBytes);
  return frame;
}

void write(const EthernetHeader& header, std::span<std::byte> out) {
  assert(out.size() >= EthernetHeader::kBytes);
  store(out, 0, header.destination.octets);
  store(out, 6, header.source.octets);
  store_be16(out, 12, static_cast<uint16_t>(header.type));
}

}  // namespace ukstore::net
