#pragma once
// What differs between trees, at the cost of what differs: equal subtrees are skipped by their
// hash.

#include <ukstore/store/tree.h>

namespace ukstore {

// A key whose entries differ: nullopt where there is none.
using DiffVisitor = std::function<Flow(BytesView key, const std::optional<Entry>& before,
                                       const std::optional<Entry>& after)>;
// Visits the keys of one level, in order, whose entries differ.
Result<void> diff(const Tree& before, const Tree& after, const DiffVisitor& visit);
// The same for the keys that are not below `from`: to go on where an earlier visit stopped.
Result<void> diff_from(BytesView from, const Tree& before, const Tree& after,
                       const DiffVisitor& visit);

// The same over all levels, by path: entries with children on both sides are entered; where only
// one side has a child, each payload below it is visited.  Only payloads and kinds are compared, so
// an entry that has nothing but a child is never visited itself.
Result<void> diff_paths(const Tree& before, const Tree& after, const DiffVisitor& visit);

}  // namespace ukstore
