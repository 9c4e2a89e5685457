#include <ukstore/images/node/keyring.h>

namespace ukstore::node {
namespace {

Bytes record_of(const PeerAddress& address) { return "node/key-of/" + address.host_and_port; }

}  // namespace

Keyring::Keyring(const Config& config, Store& store)
    : config_(config), store_(store), known_(config.trusted.begin(), config.trusted.end()) {
  for (const PeerAddress& peer : config.peers) {
    auto key = expected(peer);
    if (key && *key) known_.insert(**key);
  }
}

Result<std::optional<Bytes>> Keyring::expected(const PeerAddress& address) const {
  if (address.fingerprint) return address.fingerprint;
  return store_.record(record_of(address));
}

Result<void> Keyring::believe(const PeerAddress& address, const Bytes& fingerprint) {
  auto body = [&](Transaction& transaction) {
    return transaction.put_record(record_of(address), fingerprint);
  };
  auto done = store_.transact(body, {.durability = Durability::durable});
  if (!done) return pass_on(done);
  known_.insert(fingerprint);
  return {};
}

}  // namespace ukstore::node
