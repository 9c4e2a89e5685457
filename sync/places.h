#pragma once
// Objects by their places in the states of a branch.

#include <ukstore/store/history.h>
#include <ukstore/store/store.h>

#include <span>

namespace ukstore {

struct ObjectPlace {
  Hash commit;
  std::vector<Bytes> path;
  std::vector<uint32_t> links;
};

// What a peer may name: the histories of the heads of these branches, as they are now, and of these
// commits, which it was told of or has sent.  (A head may move sideways, from one merge of the same
// edits to another, so the history of a branch alone does not hold all that its readers have seen.)
struct Scope {
  std::vector<Bytes> branches;
  std::vector<Hash> told{};
};

// Those of the commits that are in a scope, in their order.
Result<std::vector<Hash>> in_scope(const Store& store, const Scope& scope,
                                   std::span<const Hash> commits);

// The bytes at a place, or of what it names with the `wanted` numbers: as many from the front as
// fit into `bytes_max`, at least one.  `not_found` if there is no such place, or if its commit is
// not in the history of the branch.
Result<std::vector<Bytes>> objects_at(const Store& store, const Scope& scope,
                                      const ObjectPlace& place, std::span<const uint32_t> wanted,
                                      size_t bytes_max);

}  // namespace ukstore
