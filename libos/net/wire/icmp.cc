#include <ukstore/libos/net/wire/icmp.h>

#include <ukstore/libos/net/wire/byte_order.h>
#include <ukstore/libos/net/wire/ipv4.h>
#include <ukstore/libos/net/wire/transport_checksum.h>

namespace ukstore::net {
namespace {

template <typename Type>
IcmpMessage<Type> read_fields(ByteSpan bytes) {
  return {static_cast<Type>(load_u8(bytes, 0)), load_u8(bytes, 1), load_be32(bytes, 4),
          bytes.subspan(8)};
}

template <typename Type>
Bytes write_fields(const IcmpMessage<Type>& message) {
  Bytes bytes;
  bytes.reserve(message.kHeaderBytes + message.body.size());
  append_u8(bytes, static_cast<uint8_t>(message.type));
  append_u8(bytes, message.code);
  append_be16(bytes, 0);
  append_be32(bytes, message.rest);
  append(bytes, message.body);
  return bytes;
}

}  // namespace

Parsed<Icmpv4Message> parse_icmpv4(ByteSpan bytes) {
  if (bytes.size() < Icmpv4Message::kHeaderBytes) return std::unexpected(Fault::truncated);
  if (internet_checksum(bytes) != 0) return std::unexpected(Fault::checksum);
  return read_fields<Icmpv4Type>(bytes);
}

Parsed<Icmpv6Message> parse_icmpv6(const Ipv6Address& source, const Ipv6Address& destination,
                                   ByteSpan bytes) {
  if (bytes.size() < Icmpv6Message::kHeaderBytes) return std::unexpected(Fault::truncated);
  if (transport_checksum(source, destination, Protocol::icmpv6, bytes) != 0)
    return std::unexpected(Fault::checksum);
  return read_fields<Icmpv6Type>(bytes);
}

Bytes serialize(const Icmpv4Message& message) {
  Bytes bytes = write_fields(message);
  store_be16(bytes, 2, internet_checksum(bytes));
  return bytes;
}

Bytes serialize(const Ipv6Address& source, const Ipv6Address& destination,
                const Icmpv6Message& message) {
  Bytes bytes = write_fields(message);
  store_be16(bytes, 2, transport_checksum(source, destination, Protocol::icmpv6, bytes));
  return bytes;
}

}  // namespace ukstore::net
