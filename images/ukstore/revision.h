#pragma once
// Revisions: how the user names a commit.
//
//     REV   = branch | tag | REMOTE/BRANCH | hash | prefix of a hash, 8 digits and more
//           | REV~N | REV^N
//
// REV~N goes N times to the first parent, REV^N to the N-th parent; both mean 1 without N.  Parents
// are sorted by their hash.  A branch comes before a tag, and both before a hash, of that name.

#include <ukstore/images/ukstore/failure.h>
#include <ukstore/store/store.h>

#include <optional>

namespace ukstore::cli {

class Context;

struct RevisionStep {
  enum class Kind { first_parents, parent } kind;
  uint64_t number;
  bool operator==(const RevisionStep&) const = default;
};
struct Revision {
  Bytes start;                      // a name or hash
  std::vector<RevisionStep> steps;  // in order
  bool operator==(const Revision&) const = default;
};
// Takes the steps off the end; nullopt if a number does not fit or nothing is left.
std::optional<Revision> parse_revision(BytesView text);

// The head of a branch or tag, now or as --at-journal says.
std::optional<Head> find_ref(Context& context, RefKind kind, BytesView name);
std::vector<Ref> all_refs(Context& context);

// There is no such entry of the journal.
Failure no_such_entry(uint64_t sequence, uint64_t newest);
// There is no such branch: names the nearest.
Failure no_such_branch(Context& context, BytesView name);

// The commit that the user means.  Failure not_found with the nearest names, or that the prefix is
// not unique.
ObjectRef resolve_revision(Context& context, const std::string& text);
// The same for a word that could have been a path.
ObjectRef path_or_revision(Context& context, const std::string& text);

}  // namespace ukstore::cli
