#pragma once
// Doing again, or taking back, what a commit did: cherry-pick, revert, reset, and undo where others
// may hold what is undone.
//
// A replay compares two states (`before` and `after`: a commit's parent and the commit, or the
// reverse) and writes what differs over the branch's own, `ours`, as new writes with new dots.  Old
// dots are never minted again: if a branch had cherry-picked an element with its dot and then
// removed it, a merge with where it came from would bring it back.  What is compared is what one
// sees:
//
// | kind | what a replay does |
// | --- | --- |
// | file, executable, symlink, gitlink | three-way on what is said at the path; where ours changed
// it too, both stay, as a conflict | | map | creates or removes it; what is below are paths of
// their own | | set, flag, multi-value register | three-way on elements and values | | last-writer
// register | writes; where ours changed it too, ours stays | | counter, log | adds the difference,
// appends the entries: counted twice if the branch ever merges where they came from, so only with
// Again::allowed.  Entries of a log that go are removed | | types of the program's own | their
// merge with `before` as the base; only with Again::allowed |
//
// A removal beside a change keeps the change.

#include <ukstore/merge/merge_options.h>
#include <ukstore/merge/mergeable.h>

namespace ukstore {

// Whether a replay may do what would count twice after a merge with where it came from.
enum class Again { refused, allowed };

struct ReplayOptions {
  Again again = Again::refused;
  // Where ours changed the same: `keep_both` as above, `ours`, `theirs` (the replayed change), or
  // `fail`: nothing changes.
  Policy policy = Policy::keep_both;
  // Of a merge commit, whose parents have no order: the one that it is compared with.
  std::optional<ObjectRef> parent{};
  CommitInfo info{};
};

struct ReplayOutcome {
  enum class How {
    unchanged,  // ours was so already
    committed,  // as one ordinary commit
    moved,      // the head was moved (reset of a branch that nobody else holds)
    refused,    // policy `fail`: nothing changed
  } how = How::unchanged;
  ObjectRef head;                // of the branch afterwards
  std::vector<Bytes> conflicts;  // paths that hold several values now
  std::vector<Bytes> kept;       // paths where ours had changed too and stays
};

// Writes what differs between `before` and `after` over what `tx` holds.  `counts_twice` for what
// `again` refuses, `unsupported` for kinds that it does not know.  Head and `how` stay empty.
Result<ReplayOutcome> replay(const State& before, const State& after, Tx& tx,
                             const TypeRegistry& types, Again again, Policy policy);

// ---- Branches that others may hold: pushed, served or fetched at any time.  Their heads only go
// forward, so reset and undo commit the inverse there.
Result<void> mark_shared(Transaction& transaction, BytesView branch);
Result<bool> is_shared(const Transaction& transaction, BytesView branch);

}  // namespace ukstore
