#pragma once
// The stack as a kj::Network: what Cap'n Proto RPC, kj-http and kj-tls take.

#include <kj/async-io.h>

#include <ukstore/libos/kj/peer_filter.h>
#include <ukstore/libos/kj/stack_events.h>

namespace ukstore::libos_kj {

class StackNetwork final : public kj::Network {
 public:
  // `events` outlives this and everything made by it.
  explicit StackNetwork(StackEvents& events, PeerFilter filter = {})
      : events_(events), filter_(kj::mv(filter)) {}

  // "10.0.0.1:80", "10.0.0.1", "[fe80::1]:80", "fe80::1", "host:80", "host", "*:80" or "*" (any
  // address of both families).  Names are looked up by the stack's resolver.  Fails for "unix:".
  kj::Promise<kj::Own<kj::NetworkAddress>> parseAddress(kj::StringPtr addr,
                                                        kj::uint portHint = 0) override;
  // AF_INET and AF_INET6.
  kj::Own<kj::NetworkAddress> getSockaddr(const void* sockaddr, kj::uint len) override;
  // See PeerFilter.
  kj::Own<kj::Network> restrictPeers(kj::ArrayPtr<const kj::StringPtr> allow,
                                     kj::ArrayPtr<const kj::StringPtr> deny) override;

 private:
  StackEvents& events_;
  PeerFilter filter_;
};

// One or more endpoints.  connect() tries them in turn; listen() and bindDatagramPort() take the
// first.
class StackAddress final : public kj::NetworkAddress {
 public:
  StackAddress(StackEvents& events, std::vector<net::Endpoint> endpoints, PeerFilter filter)
      : events_(events), endpoints_(kj::mv(endpoints)), filter_(kj::mv(filter)) {}

  kj::Promise<kj::Own<kj::AsyncIoStream>> connect() override;
  kj::Own<kj::ConnectionReceiver> listen() override;
  kj::Own<kj::DatagramPort> bindDatagramPort() override;
  kj::Own<kj::NetworkAddress> clone() override;
  kj::String toString() override;

  const net::Endpoint& endpoint() const { return endpoints_.front(); }

 private:
  StackEvents& events_;
  std::vector<net::Endpoint> endpoints_;
  PeerFilter filter_;
};

}  // namespace ukstore::libos_kj
