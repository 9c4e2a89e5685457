#include <ukstore/libos/net/ip/routes.h>
#include <algorithm>

namespace ukstore::net {

void Routes::add(const Route& route) {
  remove(route.destination, route.origin);
  auto at = std::find_if(routes_.begin(), routes_.end(), [&](const Route& other) {
    return other.destination.prefix_bits < route.destination.prefix_bits;
  });
  routes_.insert(at, route);
}

void Routes::remove(const Cidr& destination, RouteOrigin origin) {
  std::erase_if(routes_, [&](const Route& route) {
    return route.destination == destination && route.origin == origin;
  });
}

void Routes::remove_all(Family family, RouteOrigin origin) {
  std::erase_if(routes_, [&](const Route& route) {
    return route.destination.address.family() == family && route.origin == origin;
  });
}

std::optional<IpAddress> Routes::next_hop(const IpAddress& destination) const {
  for (const Route& route : routes_)
    if (route.destination.contains(destination)) return route.gateway.value_or(destination);
  return std::nullopt;
}

}  // namespace ukstore::net
