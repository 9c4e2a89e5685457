#pragma once
// Where packets go next: the longest prefix wins (RFC 1122, section 3.3.1).

#include <ukstore/libos/net/wire/address.h>
#include <optional>
#include <vector>

namespace ukstore::net {

enum class RouteOrigin : uint8_t { link, fixed, dhcp, advertised };

struct Route {
  Cidr destination;
  std::optional<IpAddress> gateway;  // nullopt: on the link itself
  RouteOrigin origin = RouteOrigin::fixed;

  bool operator==(const Route&) const = default;
};

class Routes {
 public:
  // Replaces a route to the same destination of the same origin.
  void add(const Route& route);
  void remove(const Cidr& destination, RouteOrigin origin);
  void remove_all(Family family, RouteOrigin origin);

  // Whom a packet to `destination` is handed to: itself if it is on the link, a router, or
  // nullopt if there is no way.
  std::optional<IpAddress> next_hop(const IpAddress& destination) const;

  const std::vector<Route>& all() const { return routes_; }

 private:
  std::vector<Route> routes_;  // longest prefixes first
};

}  // namespace ukstore::net
