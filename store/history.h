#pragma once
// Walks over the graph of commits.
//
// All of them go by generation, newest first: a commit is taken up only after all its descendants
// in the walk, so that what is known of it then is final and it is read exactly once.  Links are
// read in place and followed by address; no index and no table of commits is needed.

#include <ukstore/store/commit.h>
#include <ukstore/store/tree.h>

#include <functional>
#include <memory>
#include <span>

namespace ukstore {

// Where walks read commits.  Used by one thread at a time.
class CommitSource {
 public:
  virtual ~CommitSource() = default;

  // A ref that a caller hands in, with a hint that this source may follow.  `not_found` if there is
  // no such object, `invalid` if it is not a commit.
  virtual Result<ObjectRef> resolve(const ObjectRef& commit) const = 0;
  // The links of a commit that `resolve` or links of this source named, valid as long as the
  // source.
  virtual Result<CommitLinks> links(const ObjectRef& commit) const = 0;
  // The name of the commit at an address that links gave; nullopt if none lies there any more.
  virtual Result<std::optional<ObjectRef>> at(Address address) const = 0;
  // The tree with that root.
  virtual Result<Tree> tree(const ObjectRef& root) const = 0;
};

// The stored commits of a store of objects, without what waits in memory (Store::commits has that
// too). `objects` outlives the source.
std::unique_ptr<CommitSource> stored_commits(const ObjectStore& objects);

// The name of the commit that lies at an address; nullopt if none does.
Result<std::optional<ObjectRef>> commit_at_address(const ObjectStore& objects, Address address);

// A commit that a walk met.  Its hint is good for the store, not only for the walk.
struct WalkedCommit {
  ObjectRef ref;
  uint64_t generation = 0;
  bool operator==(const WalkedCommit&) const = default;
};

// What a walk may cost, and what it did.
struct WalkBudget {
  uint64_t visits_max = UINT64_MAX;  // commits read; `limit` when there would be more
  uint64_t visits = 0;               // counted up
};

// ---- Ancestry.

// The jump of a commit with these parents (see StoredCommit).
Result<Address> jump_for(const CommitSource& source, std::span<const ObjectRef> parents);

// All maximal common ancestors of `a` and `b`, which may be one of them: newest generation first,
// then by hash.  Empty if they share nothing.
Result<std::vector<WalkedCommit>> merge_bases(const CommitSource& source, const ObjectRef& a,
                                              const ObjectRef& b, WalkBudget& budget);

// Whether `ancestor` is `commit` or one of its ancestors.
Result<bool> is_ancestor(const CommitSource& source, const ObjectRef& ancestor,
                         const ObjectRef& commit, WalkBudget& budget);

// The ancestor of that generation along the parents of the highest generation (the smallest hash
// among equals), in O(log(n)^2) steps over jumps; `commit` itself for its own.  `invalid` if it is
// above that or 0.
Result<WalkedCommit> ancestor_at(const CommitSource& source, const ObjectRef& commit,
                                 uint64_t generation, WalkBudget& budget);

// ---- Listing.

enum class Step {
  take,
  skip
};  // a skipped commit is not given out and its parents are not followed

struct LogOptions {
  // Not given out, with all their ancestors (git's ^REV).
  std::vector<ObjectRef> hide{};
  // Given out if reached, but not gone past (Irmin's `min`).
  std::vector<ObjectRef> stop_at{};
  std::function<Step(const WalkedCommit&)> filter{};
};

// The commits reachable from `starts`, newest generation first, then by hash: children before
// parents.  For the reverse order, collect and reverse.
class Log {
 public:
  // The source and the budget outlive the log.
  static Result<Log> start(const CommitSource& source, std::span<const ObjectRef> starts,
                           LogOptions options, WalkBudget& budget);
  Log(Log&&) noexcept;
  ~Log();
  // The next commit; nullopt at the end.
  Result<std::optional<WalkedCommit>> next();

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// ---- The history of a path.

// A commit that changed a path: what stands there differs from all its parents.
struct PathChange {
  WalkedCommit commit;
  bool present = false;  // something stands at the path after it
};

// The commits that made the path what it is at `start`, newest first, at most `limit`.  Where a
// merge took one parent's side, only that side is followed.  Subtrees are compared by their names,
// so a commit that did not touch the path costs one look-up of it, and none if its tree is its
// parent's.
Result<std::vector<PathChange>> path_history(const CommitSource& source, const ObjectRef& start,
                                             BytesView path, size_t limit, WalkBudget& budget);

}  // namespace ukstore
