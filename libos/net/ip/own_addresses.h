#pragma once
// The addresses that an interface answers for, with their lifetimes (RFC 4862, section 5.5.4) and
// the duplicate address detection that IPv6 addresses pass first.

#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/address.h>
#include <optional>
#include <vector>

namespace ukstore::net {

enum class AddressOrigin : uint8_t { fixed, dhcp, slaac, link_local };

struct OwnAddress {
  Cidr cidr;
  AddressOrigin origin = AddressOrigin::fixed;
  // Until then nobody may use it: somebody else may turn out to have it.  Time::min(): usable.
  Time tentative_until = Time::min();
  Time preferred_until = kNever;  // later it is no longer chosen as source
  Time valid_until = kNever;

  bool tentative() const { return tentative_until != Time::min(); }
};

class OwnAddresses {
 public:
  // Adds `address`, or gives the one that is there new lifetimes.
  enum class Added : uint8_t { fresh, refreshed };
  Added add(const OwnAddress& address);
  // False if it was not there.
  bool remove(const IpAddress& address);

  const OwnAddress* find(const IpAddress& address) const;
  // Whether packets to `address` are for us: ours, and no longer tentative.
  bool usable(const IpAddress& address) const;
  // Whether `address` is the broadcast address of one of our networks, or 255.255.255.255.
  bool is_broadcast(const Ipv4Address& address) const;
  // Whether we listen to an IPv6 group: all nodes, or the solicited-node group of an address,
  // tentative ones too.
  bool joined(const Ipv6Address& group) const;

  // What to send from to `destination`: the same scope, then not deprecated, then the longest
  // common prefix (RFC 6724, rules 2, 3 and 8); nullopt if no address fits.
  std::optional<IpAddress> source_for(Time now, const IpAddress& destination) const;

  // An address whose detection has ended without an objection: usable from now on.
  std::optional<OwnAddress> next_confirmed(Time now);
  // An address whose validity has ended; it is removed.
  std::optional<OwnAddress> next_expired(Time now);
  Time deadline() const;

  const std::vector<OwnAddress>& all() const { return addresses_; }

 private:
  std::vector<OwnAddress> addresses_;
};

}  // namespace ukstore::net
