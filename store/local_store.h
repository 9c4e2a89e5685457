#pragma once
// The store on a backend of this machine: reads here, writes by group commit.

#include <ukstore/store/group_commit.h>
#include <ukstore/store/history.h>
#include <ukstore/store/idle_flush.h>
#include <ukstore/store/transaction.h>
#include <ukstore/store/watch.h>

namespace ukstore {

class LocalStore final : public Store {
 public:
  LocalStore(std::unique_ptr<Backend> backend, StoreOptions options);
  ~LocalStore() override;

  const ObjectStore& objects() const override { return objects_; }

  Result<std::optional<Head>> head(RefKind kind, BytesView name) const override;
  Result<std::vector<std::pair<Bytes, Head>>> refs(RefKind kind) const override;
  Result<StoredCommit> commit(const ObjectRef& ref) const override;
  Result<Tree> tree(const StoredCommit& commit) const override;
  Result<Tree> branch_tree(BytesView branch) const override;
  Result<Tag> tag(const ObjectRef& ref) const override;
  Result<std::optional<Bytes>> record(BytesView key) const override;
  Result<std::unique_ptr<CommitSource>> commits() const override;

  Result<Receipt> transact(const TransactionBody& body, TransactOptions options) override;
  Result<void> flush() override;
  Result<void> close() override;
  std::shared_ptr<Arena> new_spilling_arena() override;

  Result<uint64_t> last_sequence() const override;
  Result<std::vector<JournalEntry>> journal(uint64_t from, size_t limit,
                                            Direction direction) const override;
  Result<std::vector<Ref>> heads_at(uint64_t sequence) const override;
  Result<Receipt> undo(TransactOptions options, const StepBack& step_back) override;
  Result<Receipt> redo(TransactOptions options, const StepBack& step_back) override;

  Result<std::vector<WatchEvent>> changes(const WatchFilter& filter, uint64_t after,
                                          size_t limit) const override;
  Result<bool> wait(uint64_t after, std::chrono::milliseconds timeout) const override;
  uint64_t watch(WatchFilter filter, WatchCallback callback) override;
  void unwatch(uint64_t id) override { watchers_.remove(id); }
  uint64_t watch_failures() const override { return watchers_.failures(); }

 private:
  friend class WaitingCommits;
  // A consistent look at the backend with what waits over it.
  class View;

  Result<void> check_open() const;
  Result<Receipt> submit(const Waiting::Step& step, const TransactOptions& options);
  void tell(const Receipt& receipt);

  const std::unique_ptr<Backend> backend_;
  ObjectStore objects_;
  const StoreOptions options_;
  GroupCommit writer_;
  CommitQueue queue_;
  Watchers watchers_;
  mutable Growth growth_;
  std::atomic<bool> closed_ = false;
  IdleFlush idle_flush_;  // the first to go
};

}  // namespace ukstore
