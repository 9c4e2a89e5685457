#pragma once
// Lets transactions that wait at the same time be run as one group by the thread that came first.
//
// To wake a thread costs about as much as to run a transaction.  So whoever leads next is woken
// first and starts at once, beside the one that wakes the rest; a group is woken by one call, and
// its threads do not meet at the lock that everyone who submits takes.

#include <ukstore/store/store.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <thread>

namespace ukstore {

class OpenTransaction;

// One call that waits for its turn.  Lives on the stack of the thread that waits.
struct Waiting {
  using Step = std::function<Result<void>(OpenTransaction&)>;

  const Step* step = nullptr;  // null: a flush
  const TransactOptions* options = nullptr;
  Durability durability = Durability::durable;
  Result<Receipt> result{};
  std::exception_ptr thrown{};  // what the caller's function threw, for the caller
};

class CommitQueue {
 public:
  // Fills in the results of a group, in order.  Called by one thread at a time.
  using Run = std::function<void(std::span<Waiting* const>)>;
  explicit CommitQueue(Run run) : run_(std::move(run)) {}

  // Returns when a group with `waiting` in it has been run, by this thread or another.
  void submit(Waiting& waiting);
  // Whether this thread is running a group now: it must not submit.
  bool is_leading() const {
    return leader_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  // Those who came while the group before was run.  The first of them leads.
  struct Group {
    std::vector<Waiting*> members;
    std::mutex mutex{};
    std::condition_variable leads{}, done{};
    bool may_lead = false, is_done = false;  // under the mutex
  };
  void lead(Group& group);

  const Run run_;
  std::mutex mutex_;
  bool busy_ = false;
  std::shared_ptr<Group> next_;  // while busy; none if nobody waits
  std::atomic<std::thread::id> leader_{};
};

}  // namespace ukstore
