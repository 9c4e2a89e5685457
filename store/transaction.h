#pragma once
// A transaction while its function runs, under the store's writer lock.

#include <ukstore/store/changes.h>
#include <ukstore/store/history.h>

namespace ukstore {

class OpenTransaction final : public Transaction, private CommitSource {
 public:
  // `base` and the layers below are borrowed.
  OpenTransaction(const ObjectStore& objects, LazySnapshot& base, const Changes* group,
                  const Changes* waiting);

  const ObjectStore& objects() const override { return state_.objects(); }
  Result<std::optional<Head>> head(RefKind kind, BytesView name) const override;
  Result<StoredCommit> commit_at(const ObjectRef& ref) const override;
  Result<Tree> tree_at(const StoredCommit& commit) const override;
  Result<Tree> tree_of(BytesView branch) const override;
  const CommitSource& commits() const override { return *this; }
  Result<StoredCommit> make_commit(CommitDraft draft) override;
  Result<ObjectRef> make_tag(const Tag& tag) override;
  Result<void> compare_and_set(RefKind kind, BytesView name, const std::optional<Head>& expected,
                               const std::optional<Head>& next) override;
  Result<std::optional<Bytes>> record(BytesView key) const override;
  Result<void> put_record(BytesView key, BytesView value) override;
  Result<void> erase_record(BytesView key) override;

  // Makes this a step of undo or redo: moves the refs and says what the journal entry is.
  Result<void> undo(const StepBack& step_back);
  Result<void> redo(const StepBack& step_back);

  // Ends it: all that it changed, with its journal entry if it moved a ref.
  Result<Changes> finish(const TransactOptions& options);

 private:
  Result<ObjectRef> resolve(const ObjectRef& commit) const override;
  Result<CommitLinks> links(const ObjectRef& commit) const override;
  Result<std::optional<ObjectRef>> at(Address address) const override;
  Result<Tree> tree(const ObjectRef& root) const override;

  Result<std::optional<Head>> checked_target(RefKind kind, const std::optional<Head>& next) const;
  void keep(const std::shared_ptr<Arena>& other);
  Result<void> go_back_over(const JournalEntry& entry, const StepBack& step_back);

  std::shared_ptr<Arena> arena_ = std::make_shared<Arena>();
  Changes own_;
  LayeredState state_;
  std::vector<RefChange> changes_;  // `after` is filled in at the end
  JournalEntry::Kind kind_ = JournalEntry::Kind::change;
  std::optional<JournalRecord> stepped_over_;  // undo: what is taken back; redo: the undo
};

}  // namespace ukstore
