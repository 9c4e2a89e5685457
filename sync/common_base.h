#pragma once
// The newest commits of ours that a peer knows, found in two rounds of at most 32 names.

#include <ukstore/store/store.h>
#include <ukstore/sync/sink.h>

namespace ukstore {

constexpr size_t kNamesPerRound = 32;

// Ancestors of `head`, itself first, at distances 0, 1, 2, 4, ... in generations, the root last.
Result<std::vector<Hash>> growing_samples(const Store& store, const Hash& head);
// Ancestors of `newer` down to `older`, which is one of them, at equal distances; neither of the
// two.
Result<std::vector<Hash>> even_samples(const Store& store, const Hash& newer, const Hash& older);

// Asks the peer for a commit that both have: the newest that the samples meet; none if the
// histories have nothing in common.
Task<kj::Maybe<Hash>> find_common(const Store& store, protocol::History::Client peer, Hash head);

}  // namespace ukstore
