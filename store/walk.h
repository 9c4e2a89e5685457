#pragma once
// A queue of commits by generation, newest first, that knows every commit it has met and what was
// painted on it.
//
// Invariants:
// 1. A commit is read once, when it is first met.
// 2. A commit is popped after all its descendants that the walk meets: their generations are
// higher.  So
//    the paint on a popped commit is final.

#include <ukstore/store/history.h>

namespace ukstore {

class CommitWalk {
 public:
  struct Node {
    ObjectRef ref;
    CommitLinks links;
    uint64_t generation;
    uint32_t paint;
    bool queued;
  };

  CommitWalk(const CommitSource& source, WalkBudget& budget) : source_(source), budget_(budget) {}

  // Meets a commit: queues it if it is new, and adds paint.  Returns its number.  A popped commit
  // gets paint too but is not queued again.
  Result<uint32_t> meet(const ObjectRef& ref, uint32_t paint);
  // A starting point that a caller handed in.
  Result<uint32_t> start(const ObjectRef& foreign, uint32_t paint);
  // The queued commit of the highest generation, the smallest hash among equals; nullopt at the
  // end.
  std::optional<uint32_t> pop();

  // Valid until the next `meet`.
  const Node& node(uint32_t number) const { return nodes_[number]; }
  // How many queued commits lack all of this paint; given paint must be asked for from the start
  // on.
  void count_without(uint32_t paint) { counted_paint_ = paint; }
  size_t queued_without() const { return queued_without_; }

  WalkedCommit walked(uint32_t number) const;

 private:
  struct Queued {
    uint64_t generation;
    uint32_t number;
  };
  bool is_later(const Queued& a, const Queued& b) const;
  uint32_t* slot(const Hash& hash);
  void grow();

  const CommitSource& source_;
  WalkBudget& budget_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> table_;  // open addressing by hash; 0: free, else number + 1
  std::vector<Queued> queue_;    // a heap
  uint32_t counted_paint_ = 0;
  size_t queued_without_ = 0;
};

}  // namespace ukstore
