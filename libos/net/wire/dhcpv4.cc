#include <ukstore/libos/net/wire/dhcpv4.h>
#include <bit>

namespace ukstore::net {
namespace {

constexpr size_t kFixedBytes = 240;  // with the magic cookie
constexpr size_t kSnameAt = 44, kSnameBytes = 64;
constexpr size_t kFileAt = 108, kFileBytes = 128;
constexpr uint32_t kMagic = 0x63825363;
constexpr size_t kAddressesMax = 4;

enum Option : uint8_t {
  pad = 0,
  subnet_mask = 1,
  router = 3,
  dns_server = 6,
  host_name = 12,
  interface_mtu = 26,
  requested_address = 50,
  lease_time = 51,
  overload = 52,
  message_type = 53,
  server_id = 54,
  parameter_list = 55,
  renewal_time = 58,
  rebinding_time = 59,
  client_id = 61,
  end = 255,
};

struct Reader {
  DhcpMessage message;
  bool has_type = false;
  uint8_t overload = 0;
};

Ipv4Address address_at(ByteSpan bytes, size_t at) { return Ipv4Address::of(load_be32(bytes, at)); }

std::optional<Fault> read_addresses(ByteSpan value, std::vector<Ipv4Address>& out) {
  if (value.empty() || value.size() % 4 != 0) return Fault::length;
  for (size_t at = 0; at < value.size() && out.size() < kAddressesMax; at += 4)
    out.push_back(address_at(value, at));
  return std::nullopt;
}

// The bytes that a value of `kind` has; nullopt if it may have several lengths or is unknown.
std::optional<size_t> fixed_length(uint8_t kind) {
  switch (kind) {
    case Option::overload:
    case Option::message_type:
      return 1;
    case Option::interface_mtu:
      return 2;
    case Option::subnet_mask:
    case Option::requested_address:
    case Option::lease_time:
    case Option::server_id:
    case Option::renewal_time:
    case Option::rebinding_time:
      return 4;
    default:
      return std::nullopt;
  }
}

std::optional<Fault> read_option(uint8_t kind, ByteSpan value, Reader& reader) {
  DhcpMessage& message = reader.message;
  if (auto length = fixed_length(kind); length && *length != value.size()) return Fault::length;
  switch (kind) {
    case Option::subnet_mask: {
      uint32_t mask = load_be32(value, 0);
      int bits = std::countl_one(mask);
      if (std::popcount(mask) != bits) return Fault::field;
      message.prefix_bits = static_cast<uint8_t>(bits);
      break;
    }
    case Option::router:
      return read_addresses(value, message.routers);
    case Option::dns_server:
      return read_addresses(value, message.dns_servers);
    case Option::host_name:
      for (std::byte b : value) message.host_name += static_cast<char>(b);
      break;
    case Option::interface_mtu:
      message.mtu = load_be16(value, 0);
      break;
    case Option::requested_address:
      message.requested = address_at(value, 0);
      break;
    case Option::lease_time:
      message.lease_s = load_be32(value, 0);
      break;
    case Option::overload:
      reader.overload = load_u8(value, 0);
      break;
    case Option::message_type: {
      uint8_t type = load_u8(value, 0);
      if (type < 1 || type > 7) return Fault::field;
      message.type = static_cast<DhcpType>(type);
      reader.has_type = true;
      break;
    }
    case Option::server_id:
      message.server = address_at(value, 0);
      break;
    case Option::renewal_time:
      message.renew_s = load_be32(value, 0);
      break;
    case Option::rebinding_time:
      message.rebind_s = load_be32(value, 0);
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<Fault> read_options(ByteSpan bytes, Reader& reader) {
  for (size_t at = 0; at < bytes.size();) {
    uint8_t kind = load_u8(bytes, at++);
    if (kind == Option::pad) continue;
    if (kind == Option::end) break;
    if (at == bytes.size()) return Fault::truncated;
    size_t length = load_u8(bytes, at++);
    if (at + length > bytes.size()) return Fault::truncated;
    if (auto fault = read_option(kind, bytes.subspan(at, length), reader)) return fault;
    at += length;
  }
  return std::nullopt;
}

void append_option(Bytes& bytes, uint8_t kind, uint8_t length) {
  append_u8(bytes, kind);
  append_u8(bytes, length);
}

void append_addresses(Bytes& bytes, uint8_t kind, const std::vector<Ipv4Address>& addresses) {
  if (addresses.empty()) return;
  append_option(bytes, kind, static_cast<uint8_t>(4 * addresses.size()));
  for (const Ipv4Address& address : addresses) append(bytes, address.octets);
}

void append_number(Bytes& bytes, uint8_t kind, const std::optional<uint32_t>& value) {
  if (!value) return;
  append_option(bytes, kind, 4);
  append_be32(bytes, *value);
}

std::optional<uint32_t> number(const std::optional<Ipv4Address>& address) {
  if (!address) return std::nullopt;
  return address->value();
}

void append_request_options(Bytes& bytes, const DhcpMessage& message) {
  append_option(bytes, Option::client_id, 7);
  append_u8(bytes, 1);  // Ethernet
  append(bytes, message.client_mac.octets);
  if (message.type != DhcpType::discover && message.type != DhcpType::request) return;
  constexpr std::array<uint8_t, 7> kWanted = {
      Option::subnet_mask, Option::router,       Option::dns_server,    Option::interface_mtu,
      Option::lease_time,  Option::renewal_time, Option::rebinding_time};
  append_option(bytes, Option::parameter_list, kWanted.size());
  append(bytes, kWanted);
}

}  // namespace

Parsed<DhcpMessage> parse_dhcp(ByteSpan bytes) {
  if (bytes.size() < kFixedBytes) return std::unexpected(Fault::truncated);
  uint8_t direction = load_u8(bytes, 0);
  if (direction != 1 && direction != 2) return std::unexpected(Fault::field);
  if (load_u8(bytes, 1) != 1 || load_u8(bytes, 2) != 6 || load_be32(bytes, 236) != kMagic)
    return std::unexpected(Fault::version);
  Reader reader;
  DhcpMessage& message = reader.message;
  message.direction = static_cast<DhcpDirection>(direction);
  message.transaction = load_be32(bytes, 4);
  message.elapsed_s = load_be16(bytes, 8);
  message.broadcast_reply = (load_be16(bytes, 10) & 0x8000) != 0;
  message.client = address_at(bytes, 12);
  message.yours = address_at(bytes, 16);
  load(bytes, 28, message.client_mac.octets);
  std::optional<Fault> fault = read_options(bytes.subspan(kFixedBytes), reader);
  if (!fault && (reader.overload & 1) != 0)
    fault = read_options(bytes.subspan(kFileAt, kFileBytes), reader);
  if (!fault && (reader.overload & 2) != 0)
    fault = read_options(bytes.subspan(kSnameAt, kSnameBytes), reader);
  if (!fault && !reader.has_type) fault = Fault::field;
  if (fault) return std::unexpected(*fault);
  return message;
}

Bytes serialize(const DhcpMessage& message) {
  Bytes bytes(kFixedBytes);
  store_u8(bytes, 0, static_cast<uint8_t>(message.direction));
  store_u8(bytes, 1, 1);
  store_u8(bytes, 2, 6);
  store_be32(bytes, 4, message.transaction);
  store_be16(bytes, 8, message.elapsed_s);
  store_be16(bytes, 10, message.broadcast_reply ? 0x8000 : 0);
  store(bytes, 12, message.client.octets);
  store(bytes, 16, message.yours.octets);
  store(bytes, 28, message.client_mac.octets);
  store_be32(bytes, 236, kMagic);
  append_option(bytes, Option::message_type, 1);
  append_u8(bytes, static_cast<uint8_t>(message.type));
  if (message.direction == DhcpDirection::to_server) append_request_options(bytes, message);
  append_number(bytes, Option::requested_address, number(message.requested));
  append_number(bytes, Option::server_id, number(message.server));
  append_number(bytes, Option::lease_time, message.lease_s);
  append_number(bytes, Option::renewal_time, message.renew_s);
  append_number(bytes, Option::rebinding_time, message.rebind_s);
  if (message.prefix_bits) {
    uint64_t mask = 0xffffffff00000000u >> *message.prefix_bits;
    append_number(bytes, Option::subnet_mask, static_cast<uint32_t>(mask));
  }
  append_addresses(bytes, Option::router, message.routers);
  append_addresses(bytes, Option::dns_server, message.dns_servers);
  if (message.mtu) {
    append_option(bytes, Option::interface_mtu, 2);
    append_be16(bytes, *message.mtu);
  }
  if (!message.host_name.empty()) {
    append_option(bytes, Option::host_name, static_cast<uint8_t>(message.host_name.size()));
    append(bytes, std::as_bytes(std::span(message.host_name)));
  }
  append_u8(bytes, Option::end);
  constexpr size_t kBytesMin = 300;
  if (bytes.size() < kBytesMin) bytes.resize(kBytesMin);
  return bytes;
}

}  // namespace ukstore::net
