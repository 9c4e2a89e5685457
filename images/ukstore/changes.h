#pragma once
// What differs between two states, as text and as JSON:
// {"path","change":"added"|"removed"|"updated","old","new"}.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/json.h>

namespace ukstore::cli {

struct ChangeCounts {
  uint64_t added = 0, removed = 0, updated = 0;
};

// Prints each change, at and below `path`, and counts them.
ChangeCounts print_changes(Output& out, const State& before, const State& after, const Bytes& path);
ChangeCounts count_changes(const State& before, const State& after, const Bytes& path);
// "1 added, 0 removed, 2 updated"
std::string text_of(const ChangeCounts& counts);
Json object_of(const ChangeCounts& counts);

// What a commit holds; nullopt is the empty state.
State state_of(Context& context, const std::optional<ObjectRef>& commit);

}  // namespace ukstore::cli
