#include <ukstore/libos/net/ip/own_addresses.h>
#include <algorithm>
#include <bit>
#include <tuple>

namespace ukstore::net {
namespace {

unsigned common_prefix_bits(const IpAddress& a, const IpAddress& b) {
  unsigned bits = 0;
  for (size_t i = 0; i < 16; ++i) {
    auto difference = static_cast<uint8_t>(a.octets[i] ^ b.octets[i]);
    bits += static_cast<unsigned>(std::countl_zero(difference));
    if (difference != 0) break;
  }
  return bits;
}

bool link_scope(const IpAddress& address) {
  if (address.family() == Family::ipv4) return false;
  // Link-local addresses, and groups of scope 2 or less.
  Ipv6Address v6 = address.v6();
  return v6.is_link_local() || (v6.is_multicast() && (v6.octets[1] & 15) <= 2);
}

}  // namespace

OwnAddresses::Added OwnAddresses::add(const OwnAddress& address) {
  for (OwnAddress& known : addresses_) {
    if (known.cidr.address != address.cidr.address) continue;
    known.cidr = address.cidr;
    known.preferred_until = address.preferred_until;
    known.valid_until = address.valid_until;
    return Added::refreshed;
  }
  addresses_.push_back(address);
  return Added::fresh;
}

bool OwnAddresses::remove(const IpAddress& address) {
  return std::erase_if(addresses_,
                       [&](const OwnAddress& own) { return own.cidr.address == address; }) > 0;
}

const OwnAddress* OwnAddresses::find(const IpAddress& address) const {
  for (const OwnAddress& own : addresses_)
    if (own.cidr.address == address) return &own;
  return nullptr;
}

bool OwnAddresses::usable(const IpAddress& address) const {
  const OwnAddress* own = find(address);
  return own != nullptr && !own->tentative();
}

bool OwnAddresses::is_broadcast(const Ipv4Address& address) const {
  if (address == Ipv4Address::broadcast()) return true;
  return std::any_of(addresses_.begin(), addresses_.end(), [&](const OwnAddress& own) {
    if (own.cidr.address.family() != Family::ipv4 || own.cidr.prefix_bits >= 31) return false;
    uint32_t host_bits = 0xffffffffu >> own.cidr.prefix_bits;
    return address.value() == (own.cidr.address.v4().value() | host_bits);
  });
}

bool OwnAddresses::joined(const Ipv6Address& group) const {
  if (group == kAllNodes) return true;
  return std::any_of(addresses_.begin(), addresses_.end(), [&](const OwnAddress& own) {
    return own.cidr.address.family() == Family::ipv6 &&
           solicited_node(own.cidr.address.v6()) == group;
  });
}

std::optional<IpAddress> OwnAddresses::source_for(Time now, const IpAddress& destination) const {
  auto rank = [&](const OwnAddress& own) {
    return std::tuple(link_scope(own.cidr.address) == link_scope(destination),
                      own.preferred_until > now, common_prefix_bits(own.cidr.address, destination));
  };
  const OwnAddress* best = nullptr;
  for (const OwnAddress& own : addresses_) {
    if (own.tentative() || own.cidr.address.family() != destination.family()) continue;
    if (best == nullptr || rank(own) > rank(*best)) best = &own;
  }
  if (best == nullptr) return std::nullopt;
  // A link-local source would be of no use to somebody beyond the link.
  if (link_scope(best->cidr.address) && !link_scope(destination) && !destination.is_multicast())
    return std::nullopt;
  return best->cidr.address;
}

std::optional<OwnAddress> OwnAddresses::next_confirmed(Time now) {
  for (OwnAddress& own : addresses_) {
    if (!own.tentative() || own.tentative_until > now) continue;
    own.tentative_until = Time::min();
    return own;
  }
  return std::nullopt;
}

std::optional<OwnAddress> OwnAddresses::next_expired(Time now) {
  auto expired = std::find_if(addresses_.begin(), addresses_.end(),
                              [&](const OwnAddress& own) { return own.valid_until <= now; });
  if (expired == addresses_.end()) return std::nullopt;
  OwnAddress result = *expired;
  addresses_.erase(expired);
  return result;
}

Time OwnAddresses::deadline() const {
  Time next = kNever;
  for (const OwnAddress& own : addresses_) {
    if (own.tentative()) next = std::min(next, own.tentative_until);
    next = std::min(next, own.valid_until);
  }
  return next;
}

}  // namespace ukstore::net
