#pragma once
// The graph of commits of one history, without what it holds: ancestry, bases, who saw what.

#include <ukstore/merge/dot.h>

#include <bitset>
#include <map>
#include <string>
#include <vector>

namespace ukstore::laws {

constexpr size_t kEventsMax = 256;   // operations of one history
constexpr size_t kCommitsMax = 512;  // commits of one history
using EventSet = std::bitset<kEventsMax>;
using CommitBits = std::bitset<kCommitsMax>;

// One operation as it happened.
template <class Op>
struct Event {
  Op op;
  Dot dot;        // later than all that it saw
  EventSet sees;  // the operations before it, as its replica knew them
};

// The operations that a state is made of: what a specification is a function of.
template <class Op>
class History {
 public:
  History(const std::vector<Event<Op>>& all, const EventSet& visible)
      : all_(all), visible_(visible) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (visible[i]) indexes_.push_back(i);
    }
  }
  // The operations in an order in which each comes after all that it saw.
  size_t size() const { return indexes_.size(); }
  const Op& op(size_t i) const { return event(i).op; }
  const Dot& dot(size_t i) const { return event(i).dot; }
  // Whether operation i was made knowing of operation j.
  bool sees(size_t i, size_t j) const { return event(i).sees[indexes_[j]]; }

  // For specifications that keep something for each operation of the whole history.
  size_t index(size_t i) const { return indexes_[i]; }
  const std::vector<Event<Op>>& all() const { return all_; }
  const EventSet& visible() const { return visible_; }

 private:
  const Event<Op>& event(size_t i) const { return all_[indexes_[i]]; }
  const std::vector<Event<Op>>& all_;
  EventSet visible_;
  std::vector<size_t> indexes_;
};

// A commit, as far as the graph goes.
struct GraphNode {
  std::vector<size_t> parents;  // sorted
  uint64_t generation = 1;
  CommitBits ancestors;  // itself included
  EventSet events;       // the operations in its history
  bool canonical = false;
  std::string replica;  // who made it, for drawings
  std::string what;     // its operations in words
};

// Numbers of commits are their indexes; an ancestor's is lower.
class CommitGraph {
 public:
  size_t add(GraphNode node);
  void truncate(size_t size) { nodes_.resize(size); }
  size_t size() const { return nodes_.size(); }
  const GraphNode& operator[](size_t i) const { return nodes_[i]; }

  // Maximal common ancestors of a set of commits taken together and one more, sorted by generation.
  std::vector<size_t> bases(const std::vector<size_t>& set, size_t commit) const;
  // Those of `set` that are no ancestors of others, sorted by generation.
  std::vector<size_t> maximal(CommitBits set) const;
  // Whether a's history holds an ordinary commit that b's lacks.
  bool has_ordinary_beyond(size_t a, size_t b) const;

  // The graph as text, a line for each commit and a lane for each replica.
  std::string drawing() const;

 private:
  std::vector<GraphNode> nodes_;
  CommitBits ordinary_;
};

}  // namespace ukstore::laws
