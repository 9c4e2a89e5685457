#pragma once
// A consistent look at a store: a snapshot of its backend and, over it, what waits.  What waits
// cannot change while a view lives, so keep it short.  Nothing that a view gives out has a staged
// hint.

#include <ukstore/store/group_commit.h>
#include <ukstore/store/history.h>

namespace ukstore {

class LocalView {
 public:
  LocalView(const ObjectStore& objects, const GroupCommit& writer);
  LocalView(const LocalView&) = delete;

  Result<std::optional<Head>> head(RefKind kind, BytesView name);
  Result<std::map<Bytes, Head>> refs(RefKind kind);
  Result<std::optional<Bytes>> record(BytesView key) { return state_.record(key); }
  Result<StoredCommit> commit(const ObjectRef& ref);
  Result<Tag> tag(const ObjectRef& ref);

  // Trees keep what they need of what waits.
  Result<Tree> tree(const ObjectRef& root);
  Result<Tree> head_tree(const std::optional<Head>& head);

  Result<JournalEnd> journal_end() { return state_.journal_end(); }
  // As scan_journal, over what waits too.
  Result<void> scan(uint64_t from, Direction direction, const JournalVisitor& visit);

  const LayeredState& state() const { return state_; }

 private:
  const ObjectStore& objects_;
  const GroupCommit::Reading waiting_;
  LazySnapshot base_;
  const LayeredState state_;
};

// The commits of a store, those that wait included.
std::unique_ptr<CommitSource> waiting_commits(const ObjectStore& objects,
                                              const GroupCommit& writer);

}  // namespace ukstore
