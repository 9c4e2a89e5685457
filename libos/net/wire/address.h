#pragma once
// Link and network addresses: values that compare, hash, parse and print.

#include <ukstore/libos/net/wire/family.h>

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ukstore::net {

struct MacAddress {
  std::array<uint8_t, 6> octets{};

  auto operator<=>(const MacAddress&) const = default;
  static constexpr MacAddress broadcast() { return {{255, 255, 255, 255, 255, 255}}; }
  // Broadcast counts as multicast: the group bit is set in both.
  bool is_multicast() const { return (octets[0] & 1) != 0; }
};

struct Ipv4Address {
  std::array<uint8_t, 4> octets{};

  auto operator<=>(const Ipv4Address&) const = default;
  static constexpr Ipv4Address of(uint32_t host_order) {
    return {{static_cast<uint8_t>(host_order >> 24), static_cast<uint8_t>(host_order >> 16),
             static_cast<uint8_t>(host_order >> 8), static_cast<uint8_t>(host_order)}};
  }
  static constexpr Ipv4Address broadcast() { return of(0xffffffff); }
  uint32_t value() const {
    return uint32_t{octets[0]} << 24 | uint32_t{octets[1]} << 16 | uint32_t{octets[2]} << 8 |
           octets[3];
  }
  bool is_unspecified() const { return value() == 0; }
  bool is_multicast() const { return octets[0] >> 4 == 14; }
  bool is_loopback() const { return octets[0] == 127; }
};

struct Ipv6Address {
  std::array<uint8_t, 16> octets{};

  auto operator<=>(const Ipv6Address&) const = default;
  bool is_unspecified() const { return *this == Ipv6Address{}; }
  bool is_multicast() const { return octets[0] == 0xff; }
  bool is_link_local() const { return octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80; }
  bool is_loopback() const;
};

// Either kind.  An IPv4 address is kept as ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2), a form
// that no IPv6 packet may carry.  Default: 0.0.0.0.
struct IpAddress {
  std::array<uint8_t, 16> octets{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

  IpAddress() = default;
  IpAddress(Ipv4Address address) {  // NOLINT: it is an IP address
    for (size_t i = 0; i < 4; ++i) octets[12 + i] = address.octets[i];
  }
  IpAddress(Ipv6Address address) : octets(address.octets) {}  // NOLINT
  static IpAddress of(const std::array<uint8_t, 16>& octets) { return Ipv6Address{octets}; }

  auto operator<=>(const IpAddress&) const = default;
  // As two words: every packet asks this several times.
  bool operator==(const IpAddress& other) const { return words() == other.words(); }
  Family family() const {
    constexpr uint64_t kMapped = std::endian::native == std::endian::little ? 0xffff0000 : 0xffff;
    auto [high, low] = words();
    uint64_t prefix = std::endian::native == std::endian::little ? low & 0xffffffff : low >> 32;
    return high == 0 && prefix == kMapped ? Family::ipv4 : Family::ipv6;
  }
  Ipv4Address v4() const;  // only if the family is ipv4
  Ipv6Address v6() const { return {octets}; }
  bool is_unspecified() const;
  bool is_multicast() const;

 private:
  std::array<uint64_t, 2> words() const { return std::bit_cast<std::array<uint64_t, 2>>(octets); }
};

// An address and a port; the port is in host order.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// An address with the length of its network's prefix in bits, as in 10.0.0.2/24.
struct Cidr {
  IpAddress address;
  uint8_t prefix_bits = 0;

  bool operator==(const Cidr&) const = default;
  bool contains(const IpAddress& other) const;
};

// Dotted quad, RFC 5952 text, and xx:xx:xx:xx:xx:xx.  Endpoints print as 10.0.0.1:80 and
// [fe80::1]:80.
std::string to_string(const MacAddress& address);
std::string to_string(const Ipv4Address& address);
std::string to_string(const Ipv6Address& address);
std::string to_string(const IpAddress& address);
std::string to_string(const Endpoint& endpoint);
std::string to_string(const Cidr& cidr);

// The inverse of to_string; nullopt for anything else.  IPv6 accepts every form of RFC 4291,
// section 2.2, without a zone.
std::optional<MacAddress> parse_mac(std::string_view text);
std::optional<Ipv4Address> parse_ipv4(std::string_view text);
std::optional<Ipv6Address> parse_ipv6(std::string_view text);
std::optional<IpAddress> parse_ip(std::string_view text);
std::optional<Cidr> parse_cidr(std::string_view text);

// ff02::1:ffXX:XXXX, the group in which the owner of `address` hears solicitations (RFC 4291).
Ipv6Address solicited_node(const Ipv6Address& address);
constexpr Ipv6Address kAllNodes{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
constexpr Ipv6Address kAllRouters{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
// The Ethernet address of a group (RFC 1112, section 6.4; RFC 2464, section 7).
MacAddress multicast_mac(const IpAddress& group);
// fe80:: with the modified EUI-64 of `mac` (RFC 4291, appendix A).
Ipv6Address link_local(const MacAddress& mac);
// The first 64 bits of `prefix` with the modified EUI-64 of `mac`.
Ipv6Address with_interface_id(const Ipv6Address& prefix, const MacAddress& mac);

}  // namespace ukstore::net

template <>
struct std::hash<ukstore::net::IpAddress> {
  size_t operator()(const ukstore::net::IpAddress& address) const noexcept;
};
