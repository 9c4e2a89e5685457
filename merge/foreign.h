#pragma once
// What others wrote, checked at the door.
//
// The store checks that bytes are trees and commits (validate.h).  This checks that trees are
// states and that commits are what a writer or the rules of merging would have made, before any of
// it is merged or shown:
// 1. every header, dot and value is in its canonical form, and stands where it belongs;
// 2. a typed value stands beside a live entry of its kind and nowhere else;
// 3. a commit mints only dots of its own generation, each once, and stamps the entry of a value
//    that it changes;
// 4. a canonical merge holds exactly the merge of its parents.
// States that pass merge by the laws.  Values of kinds that this program does not know are passed
// on unseen: they are never merged (engine.h).

#include <ukstore/merge/engine.h>
#include <ukstore/merge/state.h>
#include <ukstore/store/history.h>

namespace ukstore {

// Whether a state is one.  `corrupt`, naming the path, if not.
Result<void> check_state(const State& state, const TypeRegistry& types);

// The same for what differs from a state that has passed, at the cost of that.  With a generation,
// every dot that `known` does not hold at its place must be of it, and stand only once.
Result<void> check_change(const State& known, const State& state, const TypeRegistry& types,
                          std::optional<uint64_t> generation = {});

// Checks a commit whose parents have passed.  `unsupported` if its merge holds a kind, changed on
// both sides, that this program does not know.
Result<void> check_commit(const CommitSource& source, const ObjectRef& commit,
                          const TypeRegistry& types, MergeBudget budget = {});

// Checks all commits in the history of `heads` that are not in that of `known`, parents first.
// Call it before a head that came from elsewhere is given to a branch.
Result<void> check_history(const CommitSource& source, std::span<const ObjectRef> heads,
                           std::span<const ObjectRef> known, const TypeRegistry& types,
                           MergeBudget budget = {});

}  // namespace ukstore
