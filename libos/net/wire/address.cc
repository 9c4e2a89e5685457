#include <ukstore/libos/net/wire/address.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

namespace ukstore::net {
namespace {

std::optional<unsigned> number(std::string_view text, int base, unsigned max) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

// The text up to `separator`, which is removed from `rest` with it; all of it if there is none.
std::string_view take(std::string_view& rest, char separator) {
  size_t at = rest.find(separator);
  std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return head;
}

// The groups of one side of "::"; a last group in dotted form counts twice.
std::optional<std::vector<uint16_t>> ipv6_groups(std::string_view text) {
  std::vector<uint16_t> groups;
  if (text.empty()) return groups;
  if (text.back() == ':') return std::nullopt;
  while (!text.empty()) {
    std::string_view part = take(text, ':');
    if (text.empty() && part.find('.') != std::string_view::npos) {
      auto v4 = parse_ipv4(part);
      if (!v4) return std::nullopt;
      groups.push_back(static_cast<uint16_t>(v4->value() >> 16));
      groups.push_back(static_cast<uint16_t>(v4->value()));
      break;
    }
    if (part.empty() || part.size() > 4) return std::nullopt;
    auto value = number(part, 16, 0xffff);
    if (!value || groups.size() == 8) return std::nullopt;
    groups.push_back(static_cast<uint16_t>(*value));
  }
  return groups;
}

}  // namespace

bool Ipv6Address::is_loopback() const {
  Ipv6Address one{};
  one.octets[15] = 1;
  return *this == one;
}

Ipv4Address IpAddress::v4() const {
  assert(family() == Family::ipv4);
  return {{octets[12], octets[13], octets[14], octets[15]}};
}

bool IpAddress::is_unspecified() const {
  return *this == IpAddress() || *this == IpAddress(Ipv6Address{});
}

bool IpAddress::is_multicast() const {
  return family() == Family::ipv4 ? v4().is_multicast() : v6().is_multicast();
}

bool Cidr::contains(const IpAddress& other) const {
  if (other.family() != address.family()) return false;
  unsigned bits = prefix_bits + (address.family() == Family::ipv4 ? 96u : 0u);
  size_t whole = bits / 8;
  if (std::memcmp(address.octets.data(), other.octets.data(), whole) != 0) return false;
  unsigned rest = bits % 8;
  if (rest == 0) return true;
  unsigned mask = 0xff00u >> rest & 0xffu;
  return (address.octets[whole] & mask) == (other.octets[whole] & mask);
}

std::string to_string(const MacAddress& address) {
  char text[18];
  const auto& o = address.octets;
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", o[0], o[1], o[2], o[3], o[4],
                o[5]);
  return text;
}

std::string to_string(const Ipv4Address& address) {
  const auto& o = address.octets;
  return std::to_string(o[0]) + '.' + std::to_string(o[1]) + '.' + std::to_string(o[2]) + '.' +
         std::to_string(o[3]);
}

std::string to_string(const Ipv6Address& address) {
  std::array<unsigned, 8> groups;
  for (size_t i = 0; i < 8; ++i)
    groups[i] = unsigned{address.octets[2 * i]} << 8 | address.octets[2 * i + 1];
  // The first of the longest runs of at least two zero groups is shortened (RFC 5952, 4.2).
  size_t best = 8, best_length = 1;
  for (size_t i = 0; i < 8;) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
    i = end + 1;
  }
  std::string text;
  for (size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    char group[8];
    std::snprintf(group, sizeof group, "%x", groups[i]);
    if (!text.empty() && text.back() != ':') text += ':';
    text += group;
  }
  return text;
}

std::string to_string(const IpAddress& address) {
  return address.family() == Family::ipv4 ? to_string(address.v4()) : to_string(address.v6());
}

std::string to_string(const Endpoint& endpoint) {
  std::string host = to_string(endpoint.address);
  if (endpoint.address.family() == Family::ipv6) host = '[' + host + ']';
  return host + ':' + std::to_string(endpoint.port);
}

std::string to_string(const Cidr& cidr) {
  return to_string(cidr.address) + '/' + std::to_string(cidr.prefix_bits);
}

std::optional<MacAddress> parse_mac(std::string_view text) {
  MacAddress result;
  if (text.size() != 17) return std::nullopt;
  for (uint8_t& octet : result.octets) {
    std::string_view part = take(text, ':');
    auto value = number(part, 16, 255);
    if (!value || part.size() != 2) return std::nullopt;
    octet = static_cast<uint8_t>(*value);
  }
  return result;
}

std::optional<Ipv4Address> parse_ipv4(std::string_view text) {
  Ipv4Address result;
  if (std::count(text.begin(), text.end(), '.') != 3) return std::nullopt;
  for (uint8_t& octet : result.octets) {
    std::string_view part = take(text, '.');
    auto value = number(part, 10, 255);
    // A leading zero means octal to some programs: refused.
    if (!value || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    octet = static_cast<uint8_t>(*value);
  }
  return result;
}

std::optional<Ipv6Address> parse_ipv6(std::string_view text) {
  size_t gap = text.find("::");
  auto head = ipv6_groups(text.substr(0, gap));
  if (!head) return std::nullopt;
  std::vector<uint16_t> groups = *head;
  if (gap != std::string_view::npos) {
    if (text.substr(gap + 2).starts_with(':')) return std::nullopt;
    auto tail = ipv6_groups(text.substr(gap + 2));
    if (!tail || head->size() + tail->size() > 7) return std::nullopt;
    groups.resize(8 - tail->size());
    groups.insert(groups.end(), tail->begin(), tail->end());
  }
  if (groups.size() != 8) return std::nullopt;
  Ipv6Address result;
  for (size_t i = 0; i < 8; ++i) {
    result.octets[2 * i] = static_cast<uint8_t>(groups[i] >> 8);
    result.octets[2 * i + 1] = static_cast<uint8_t>(groups[i]);
  }
  return result;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (auto v4 = parse_ipv4(text)) return *v4;
  if (auto v6 = parse_ipv6(text)) return *v6;
  return std::nullopt;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  auto bits = number(text.substr(slash + 1), 10, address->family() == Family::ipv4 ? 32 : 128);
  if (!bits) return std::nullopt;
  return Cidr{*address, static_cast<uint8_t>(*bits)};
}

Ipv6Address solicited_node(const Ipv6Address& address) {
  Ipv6Address group{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}};
  std::copy(address.octets.end() - 3, address.octets.end(), group.octets.end() - 3);
  return group;
}

MacAddress multicast_mac(const IpAddress& group) {
  const auto& o = group.octets;
  if (group.family() == Family::ipv4)
    return {{1, 0, 0x5e, static_cast<uint8_t>(o[13] & 0x7f), o[14], o[15]}};
  return {{0x33, 0x33, o[12], o[13], o[14], o[15]}};
}

Ipv6Address with_interface_id(const Ipv6Address& prefix, const MacAddress& mac) {
  Ipv6Address result = prefix;
  const auto& m = mac.octets;
  const uint8_t id[8] = {static_cast<uint8_t>(m[0] ^ 2), m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
  std::copy(std::begin(id), std::end(id), result.octets.begin() + 8);
  return result;
}

Ipv6Address link_local(const MacAddress& mac) { return with_interface_id({{0xfe, 0x80}}, mac); }

}  // namespace ukstore::net

size_t std::hash<ukstore::net::IpAddress>::operator()(
    const ukstore::net::IpAddress& address) const noexcept {
  uint64_t halves[2];
  std::memcpy(halves, address.octets.data(), sizeof halves);
  uint64_t mixed = (halves[0] ^ 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
  mixed ^= halves[1] * 0xc4ceb9fe1a85ec53u;
  return static_cast<size_t>(mixed ^ mixed >> 29);
}
