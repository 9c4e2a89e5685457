#include <ukstore/libos/net/wire/arp.h>
#include <ukstore/libos/net/wire/byte_order.h>

#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint16_t kHardwareEthernet = 1;
constexpr uint16_t kProtocolIpv4 = 0x0800;

}  // namespace

Parsed<ArpPacket> parse_arp(ByteSpan bytes) {
  if (bytes.size() < ArpPacket::kBytes) return std::unexpected(Fault::truncated);
  if (load_be16(bytes, 0) != kHardwareEthernet || load_be16(bytes, 2) != kProtocolIpv4)
    return std::unexpected(Fault::version);
  if (load_u8(bytes, 4) != 6 || load_u8(bytes, 5) != 4) return std::unexpected(Fault::length);
  uint16_t operation = load_be16(bytes, 6);
  if (operation != 1 && operation != 2) return std::unexpected(Fault::field);
  ArpPacket packet;
  packet.operation = static_cast<ArpOperation>(operation);
  load(bytes, 8, packet.sender_mac.octets);
  load(bytes, 14, packet.sender.octets);
  load(bytes, 18, packet.target_mac.octets);
  load(bytes, 24, packet.target.octets);
  if (packet.sender_mac.is_multicast() || packet.sender.is_multicast() ||
      packet.sender == Ipv4Address::broadcast())
    return std::unexpected(Fault::field);
  return packet;
}

std::array<std::byte, ArpPacket::kBytes> serialize(const ArpPacket& packet) {
  std::array<std::byte, ArpPacket::kBytes> bytes{};
  store_be16(bytes, 0, kHardwareEthernet);
  store_be16(bytes, 2, kProtocolIpv4);
  store_u8(bytes, 4, 6);
  store_u8(bytes, 5, 4);
  store_be16(bytes, 6, static_cast<uint16_t>(packet.operation));
  store(bytes, 8, packet.sender_mac.octets);
  store(bytes, 14, packet.sender.octets);
  store(bytes, 18, packet.target_mac.octets);
  store(bytes, 24, packet.target.octets);
  return bytes;
}

}  // namespace ukstore::net
