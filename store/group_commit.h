#pragma once
// The writing half of a store: runs groups of transactions and puts what they changed on the
// backend.
//
// Invariants:
// 1. Only the leader of a group changes anything here, and only it looks at the group's own layer.
// 2. While anything waits, this store holds the right to write, so nobody moves the heads on which
//    what waits was built.
// 3. A change is seen by readers when it is acknowledged: lazy ones when their group ends, durable
// ones when the
//    backend has committed.
// 4. After a failure while writing nothing more is written.

#include <ukstore/store/changes.h>
#include <ukstore/store/commit_queue.h>

#include <atomic>
#include <shared_mutex>

namespace ukstore {

class GroupCommit {
 public:
  // The store of objects outlives this.
  GroupCommit(ObjectStore& objects, size_t lazy_bytes_max)
      : objects_(objects), lazy_bytes_max_(lazy_bytes_max) {}

  // Runs one group (CommitQueue::Run).
  void run(std::span<Waiting* const> group);

  // What waits, locked against changes while the result lives; null if nothing waits.
  class Reading {
   public:
    const Changes* changes() const { return changes_; }

   private:
    friend class GroupCommit;
    std::shared_lock<std::shared_mutex> lock_;
    const Changes* changes_ = nullptr;
  };
  Reading waiting() const;

 private:
  void run_all(std::span<Waiting* const> group);
  void run_one(Waiting& each, LazySnapshot& base);
  Result<void> ready();
  Result<void> write(Durability durability);
  Result<void> put_all(Write& write) const;
  static void settle_results(std::span<Waiting* const> group);
  void drop_all();
  void settle(Durability durability, std::span<Waiting* const> group);
  void give_up(const Error& error, std::span<Waiting* const> group);

  ObjectStore& objects_;
  const size_t lazy_bytes_max_;
  std::unique_ptr<WriterHold> hold_;
  Changes group_;
  bool unsynced_ = false;  // the backend has commits that the disk may not have
  std::optional<Error> failure_;

  mutable std::shared_mutex mutex_;
  Changes waiting_;  // changed by the leader under the lock
  std::atomic<bool> something_waits_ = false;
};

}  // namespace ukstore
