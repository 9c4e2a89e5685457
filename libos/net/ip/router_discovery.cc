#include <ukstore/libos/net/ip/router_discovery.h>
#include <algorithm>

namespace ukstore::net {
namespace {

constexpr uint32_t kForever_s = 0xffffffff;
constexpr uint32_t kIpv6MtuMin = 1280;
const Cidr kDefaultRoute{Ipv6Address{}, 0};

Time after(Time now, uint32_t seconds) {
  return seconds == kForever_s ? kNever : now + std::chrono::seconds(seconds);
}

// The new end of validity (RFC 4862, section 5.5.3, e): an unauthenticated advertisement cannot
// cut an address's life below two hours.
Time valid_until(Time now, uint32_t valid_s, const OwnAddress* known) {
  constexpr std::chrono::hours kTwoHours(2);
  Time advertised = after(now, valid_s);
  if (known == nullptr || advertised > now + kTwoHours || advertised > known->valid_until)
    return advertised;
  return known->valid_until <= now + kTwoHours ? known->valid_until : now + kTwoHours;
}

}  // namespace

void RouterDiscovery::start(Time now) {
  solicitations_left_ = 3;
  solicit_at_ = now;
}

void RouterDiscovery::lease(Cidr destination, Time expires) {
  std::erase_if(leases_, [&](const Lease& l) { return l.destination == destination; });
  if (expires != kNever) leases_.push_back({destination, expires});
}

std::vector<OwnAddress> RouterDiscovery::on_advertisement(Time now, const Ipv6Address& router,
                                                          const RouterAdvertisement& message,
                                                          const MacAddress& mac,
                                                          const OwnAddresses& own, Routes& routes) {
  solicit_at_ = kNever;
  if (message.lifetime_s > 0) {
    routes.add({kDefaultRoute, router, RouteOrigin::advertised});
    lease(kDefaultRoute, after(now, message.lifetime_s));
  } else {
    for (const Route& route : std::vector(routes.all()))
      if (route.origin == RouteOrigin::advertised && route.gateway == IpAddress(router))
        routes.remove(route.destination, RouteOrigin::advertised);
  }
  if (message.hop_limit != 0) hop_limit_ = message.hop_limit;
  if (message.mtu && *message.mtu >= kIpv6MtuMin) mtu_ = message.mtu;
  if (!message.dns_servers.empty() && message.dns_lifetime_s > 0)
    dns_servers_ = message.dns_servers;
  std::vector<OwnAddress> addresses;
  for (const PrefixInformation& prefix : message.prefixes) {
    if (prefix.prefix.is_link_local() || prefix.prefix.is_multicast()) continue;
    Cidr network{prefix.prefix, prefix.prefix_bits};
    if (prefix.on_link && prefix.valid_s == 0)
      routes.remove(network, RouteOrigin::advertised);
    else if (prefix.on_link && leases_.size() < kLeasesMax) {
      routes.add({network, std::nullopt, RouteOrigin::advertised});
      lease(network, after(now, prefix.valid_s));
    }
    if (!prefix.autonomous || prefix.prefix_bits != 64 || prefix.preferred_s > prefix.valid_s)
      continue;
    IpAddress address = with_interface_id(prefix.prefix, mac);
    const OwnAddress* known = own.find(address);
    if (known == nullptr && (prefix.valid_s == 0 || own.all().size() >= kLeasesMax)) continue;
    addresses.push_back({.cidr = {address, 64},
                         .origin = AddressOrigin::slaac,
                         .preferred_until = after(now, prefix.preferred_s),
                         .valid_until = valid_until(now, prefix.valid_s, known)});
  }
  return addresses;
}

bool RouterDiscovery::next_solicitation(Time now) {
  if (now < solicit_at_) return false;
  solicit_at_ = --solicitations_left_ > 0 ? now + std::chrono::seconds(4) : kNever;
  return true;
}

void RouterDiscovery::expire(Time now, Routes& routes) {
  std::erase_if(leases_, [&](const Lease& l) {
    if (l.expires > now) return false;
    routes.remove(l.destination, RouteOrigin::advertised);
    return true;
  });
}

Time RouterDiscovery::deadline() const {
  Time next = solicit_at_;
  for (const Lease& l : leases_) next = std::min(next, l.expires);
  return next;
}

}  // namespace ukstore::net
