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

// The bytes at a place, or of what it names with the `wanted` numbers: as many from the front as
// fit into `bytes_max`, at least one.  `not_found` if there is no such place, or if its commit is
// not in the history of the branch.
Result<std::vector<Bytes>> objects_at(const Store& store, BytesView branch,
                                      const ObjectPlace& place, std::span<const uint32_t> wanted,
                                      size_t bytes_max);

// Those of the commits that are in the history of a branch, in their order.
Result<std::vector<Hash>> in_history(const Store& store, BytesView branch,
                                     std::span<const Hash> commits);

}  // namespace ukstore
