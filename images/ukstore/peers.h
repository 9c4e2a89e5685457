#pragma once
// Whom a store knows: its remotes, the keys of the addresses that it has dialled, and the keys that
// it trusts.  All of it is one private record, which never leaves the store.

#include <ukstore/images/ukstore/context.h>

namespace ukstore::cli {

struct Peers {
  // The addresses of remotes, as they were given; paths are absolute.
  std::map<std::string, std::string> remotes{};
  // The fingerprint that was seen and accepted at HOST:PORT.
  std::map<std::string, std::string> seen{};
  // Trusted fingerprints, with the names that they were given, or empty ones.
  std::map<std::string, std::string> trusted{};

  // What a peer is called, below remotes/ and to the user: the name that it was given, that of the
  // remote with its key, or the first 16 digits of its fingerprint.
  std::string name_of(const std::string& fingerprint) const;
  std::vector<std::string> remote_names() const;
};

Peers peers_of(const Store& store);
// Changes them in a transaction of its own.
void change_peers(Store& store, const std::function<void(Peers&)>& change);

// There is no such remote: names the nearest.
Failure no_such_remote(const Peers& peers, const std::string& name);

// Whether a branch says where a peer's branch is.
inline bool is_tracking(BytesView branch) { return branch.starts_with("remotes/"); }
// Whether a branch is none to work on: those, and what the store keeps for itself.
inline bool is_inner(BytesView branch) {
  return is_tracking(branch) || branch.starts_with("ukstore/");
}

}  // namespace ukstore::cli
