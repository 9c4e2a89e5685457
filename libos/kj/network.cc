#include <ukstore/libos/kj/network.h>

#include <kj/debug.h>
#include <kj/vector.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <ukstore/libos/kj/datagram.h>
#include <ukstore/libos/kj/receiver.h>
#include <ukstore/libos/kj/stream.h>
#include <charconv>
#include <deque>

namespace ukstore::libos_kj {
namespace {

struct HostAndPort {
  std::string_view host;
  uint16_t port;
};

uint16_t port_of(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  KJ_REQUIRE(error == std::errc{} && end == text.data() + text.size(), "not a port",
             kj::str(kj::arrayPtr(text.data(), text.size())));
  return port;
}

HostAndPort split(std::string_view text, uint16_t hint) {
  KJ_REQUIRE(!text.starts_with("unix:") && !text.starts_with("unix-abstract:"),
             "there are no Unix sockets in this network");
  if (text.starts_with('[')) {
    size_t end = text.find(']');
    KJ_REQUIRE(end != std::string_view::npos, "a '[' without ']'");
    std::string_view rest = text.substr(end + 1);
    KJ_REQUIRE(rest.empty() || rest.starts_with(':'), "what follows ']' is no port");
    return {text.substr(1, end - 1), rest.empty() ? hint : port_of(rest.substr(1))};
  }
  size_t colon = text.find(':');
  // Two colons and no brackets: an IPv6 address alone.
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return {text, hint};
  return {text.substr(0, colon), port_of(text.substr(colon + 1))};
}

kj::Exception connect_exception(net::ConnectError error) {
  switch (error) {
    case net::ConnectError::no_route:
      return KJ_EXCEPTION(FAILED, "no route to the peer");
    case net::ConnectError::no_address:
      return KJ_EXCEPTION(FAILED, "the local address is not ours");
    case net::ConnectError::no_port:
      return KJ_EXCEPTION(OVERLOADED, "no port is free");
    case net::ConnectError::no_memory:
      return KJ_EXCEPTION(OVERLOADED, "too many connections");
  }
  KJ_UNREACHABLE;
}

kj::Promise<kj::Own<kj::AsyncIoStream>> connect_one(StackEvents& events, const net::Endpoint& to) {
  auto id = events.stack().tcp().connect(events.now(), to);
  if (!id) return connect_exception(id.error());
  auto stream = kj::heap<StackStream>(events, *id);
  auto promise = stream->whenConnected();
  return promise.then(
      [stream = kj::mv(stream)]() mutable -> kj::Own<kj::AsyncIoStream> { return kj::mv(stream); });
}

// The first that answers; what the last one said if none does.
kj::Promise<kj::Own<kj::AsyncIoStream>> connect_any(StackEvents& events,
                                                    std::deque<net::Endpoint> to) {
  net::Endpoint first = to.front();
  to.pop_front();
  auto promise = connect_one(events, first);
  if (to.empty()) return promise;
  return promise.catch_([&events, to = kj::mv(to)](kj::Exception&&) mutable {
    return connect_any(events, kj::mv(to));
  });
}

}  // namespace

kj::Promise<kj::Own<kj::NetworkAddress>> StackNetwork::parseAddress(kj::StringPtr addr,
                                                                    kj::uint portHint) {
  HostAndPort parts = split({addr.begin(), addr.size()}, static_cast<uint16_t>(portHint));
  std::optional<net::IpAddress> ip = net::parse_ip(parts.host);
  if (parts.host == "*") ip = net::Ipv6Address{};
  if (ip) {
    std::vector<net::Endpoint> endpoints{{*ip, parts.port}};
    kj::Own<kj::NetworkAddress> address =
        kj::heap<StackAddress>(events_, kj::mv(endpoints), filter_);
    return kj::mv(address);
  }
  auto name = kj::heapString(parts.host.data(), parts.host.size());
  return events_.resolve(name).then(
      [this,
       port = parts.port](std::vector<net::IpAddress>&& addresses) -> kj::Own<kj::NetworkAddress> {
        std::vector<net::Endpoint> endpoints;
        for (const net::IpAddress& address : addresses) endpoints.push_back({address, port});
        return kj::heap<StackAddress>(events_, kj::mv(endpoints), filter_);
      });
}

kj::Own<kj::NetworkAddress> StackNetwork::getSockaddr(const void* sockaddr, kj::uint len) {
  net::Endpoint endpoint;
  sockaddr_in v4;
  sockaddr_in6 v6;
  KJ_REQUIRE(len >= sizeof v4, "socket address too short");
  memcpy(&v4, sockaddr, sizeof v4);
  if (v4.sin_family == AF_INET) {
    net::Ipv4Address address;
    memcpy(address.octets.data(), &v4.sin_addr, 4);
    endpoint = {address, ntohs(v4.sin_port)};
  } else {
    KJ_REQUIRE(v4.sin_family == AF_INET6 && len >= sizeof v6, "not an IP address");
    memcpy(&v6, sockaddr, sizeof v6);
    net::Ipv6Address address;
    memcpy(address.octets.data(), &v6.sin6_addr, 16);
    endpoint = {address, ntohs(v6.sin6_port)};
  }
  return kj::heap<StackAddress>(events_, std::vector<net::Endpoint>{endpoint}, filter_);
}

kj::Own<kj::Network> StackNetwork::restrictPeers(kj::ArrayPtr<const kj::StringPtr> allow,
                                                 kj::ArrayPtr<const kj::StringPtr> deny) {
  return kj::heap<StackNetwork>(events_, filter_.restrict(allow, deny));
}

kj::Promise<kj::Own<kj::AsyncIoStream>> StackAddress::connect() {
  std::deque<net::Endpoint> allowed;
  for (const net::Endpoint& endpoint : endpoints_)
    if (filter_.allows(endpoint.address)) allowed.push_back(endpoint);
  if (allowed.empty()) return KJ_EXCEPTION(FAILED, "restrictPeers() forbids this peer");
  return connect_any(events_, kj::mv(allowed));
}

kj::Own<kj::ConnectionReceiver> StackAddress::listen() {
  constexpr uint32_t kBacklog = 511;
  auto listener = events_.stack().tcp().listen(endpoint(), kBacklog);
  KJ_REQUIRE(listener.has_value(), "cannot listen: the port is taken, or the address not ours",
             toString());
  return kj::heap<StackReceiver>(events_, *listener, filter_);
}

kj::Own<kj::DatagramPort> StackAddress::bindDatagramPort() {
  auto socket = events_.stack().udp().bind(endpoint(), net::UdpEvents::shown);
  KJ_REQUIRE(socket.has_value(), "cannot bind: the port is taken, or the address not ours",
             toString());
  return kj::heap<StackDatagramPort>(events_, *socket, filter_);
}

kj::Own<kj::NetworkAddress> StackAddress::clone() {
  return kj::heap<StackAddress>(events_, endpoints_, filter_);
}

kj::String StackAddress::toString() {
  kj::Vector<kj::String> texts;
  for (const net::Endpoint& endpoint : endpoints_)
    texts.add(kj::str(net::to_string(endpoint).c_str()));
  return kj::strArray(texts, ",");
}

}  // namespace ukstore::libos_kj
