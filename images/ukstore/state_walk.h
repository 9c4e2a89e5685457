#pragma once
// Walks over the entries of a state, and what differs between two.

#include <ukstore/images/ukstore/context.h>

namespace ukstore::cli {

// A name in a directory with its full path.
using EntryVisitor = std::function<Flow(const Bytes& path, const ListedName& name)>;

// The names in one directory, in order, after `after` (empty: from the first), in small memory.
void visit_names(const State& state, const Bytes& directory, const Bytes& after,
                 const EntryVisitor& visit);
// All entries below a directory that hold a value, depth first, after the path `after`.
void visit_values(const State& state, const Bytes& directory, const Bytes& after,
                  const EntryVisitor& visit);

// The paths, at and below `path`, where two states hold different values, in order.  What a typed
// value holds inside counts as its path.
using PathVisitor = std::function<Flow(const Bytes& path)>;
void visit_changes(const State& before, const State& after, const Bytes& path,
                   const PathVisitor& visit);

// The path without the keys inside a typed value (merge/layout.h).
Bytes value_path(BytesView path);
Bytes joined(const Bytes& directory, BytesView name);

}  // namespace ukstore::cli
