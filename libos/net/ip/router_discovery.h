#pragma once
// Routers and prefixes of an IPv6 link (RFC 4861, section 6.3) and the addresses made from them
// (SLAAC, RFC 4862).

#include <ukstore/libos/net/ip/own_addresses.h>
#include <ukstore/libos/net/ip/routes.h>
#include <ukstore/libos/net/wire/ndp.h>
#include <optional>
#include <vector>

namespace ukstore::net {

class RouterDiscovery {
 public:
  // Asks for routers three times, four seconds apart, from `now` on.
  void start(Time now);

  // Takes in an advertisement from `router`: routes go to `routes`; the result holds the addresses
  // to add or refresh, without tentative_until.
  std::vector<OwnAddress> on_advertisement(Time now, const Ipv6Address& router,
                                           const RouterAdvertisement& message,
                                           const MacAddress& mac, const OwnAddresses& own,
                                           Routes& routes);

  // Whether a solicitation is due; counts it.
  bool next_solicitation(Time now);
  // Removes the routes whose lifetime has ended.
  void expire(Time now, Routes& routes);
  Time deadline() const;

  // What routers said; nullopt before they did.
  std::optional<uint32_t> mtu() const { return mtu_; }
  std::optional<uint8_t> hop_limit() const { return hop_limit_; }
  const std::vector<Ipv6Address>& dns_servers() const { return dns_servers_; }

 private:
  struct Lease {
    Cidr destination;
    Time expires;
  };
  static constexpr size_t kLeasesMax = 16;  // a link full of prefixes is an attack

  void lease(Cidr destination, Time expires);

  std::vector<Lease> leases_;
  uint8_t solicitations_left_ = 0;
  Time solicit_at_ = kNever;
  std::optional<uint32_t> mtu_;
  std::optional<uint8_t> hop_limit_;
  std::vector<Ipv6Address> dns_servers_;
};

}  // namespace ukstore::net
