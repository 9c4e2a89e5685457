#pragma once
// Which keys a node knows: those of its configuration, and those that it was told to believe when
// it first met their holders, which it remembers in the store's private records.

#include <ukstore/images/node/config.h>
#include <ukstore/store/store.h>

#include <set>

namespace ukstore::node {

class Keyring {
 public:
  // Both outlive this.
  Keyring(const Config& config, Store& store);

  Right right(const Bytes& fingerprint) const {
    return known_.contains(fingerprint) ? std::max(Right::merge, config_.strangers)
                                        : config_.strangers;
  }
  // The key that the peer at an address must have; nullopt if none is known yet.
  Result<std::optional<Bytes>> expected(const PeerAddress& address) const;
  // Remembers the key that was met at an address for which none was known.
  Result<void> believe(const PeerAddress& address, const Bytes& fingerprint);

 private:
  const Config& config_;
  Store& store_;
  std::set<Bytes, std::less<>> known_;
};

}  // namespace ukstore::node
