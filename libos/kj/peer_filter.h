#pragma once
// Which peers a restricted network talks to (kj::Network::restrictPeers).

#include <kj/common.h>
#include <kj/string.h>

#include <ukstore/libos/net/wire/address.h>
#include <vector>

namespace ukstore::libos_kj {

// Rules are "10.0.0.0/8" or a single address, or one of the names "public", "private", "local" and
// "network" in the sense of kj::Network::restrictPeers.  A restriction lets an address pass if an
// allowing rule fits it more exactly than any denying one; a filter that was restricted several
// times asks all restrictions.
class PeerFilter {
 public:
  bool allows(const net::IpAddress& address) const;

  // This filter and one restriction more.  Throws for a rule that it cannot read.
  PeerFilter restrict(kj::ArrayPtr<const kj::StringPtr> allow,
                      kj::ArrayPtr<const kj::StringPtr> deny) const;

 private:
  struct Restriction {
    std::vector<net::Cidr> allow;
    std::vector<net::Cidr> deny;
  };

  std::vector<Restriction> restrictions_;
};

}  // namespace ukstore::libos_kj
