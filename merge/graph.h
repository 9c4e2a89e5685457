#pragma once
// The history as a merge sees it, and what the merge bases of sets of commits are.

#include <ukstore/store/tree.h>

#include <compare>
#include <vector>

namespace ukstore {

struct GraphCommit {
  ObjectRef ref;
  uint64_t generation = 0;

  bool operator==(const GraphCommit& other) const { return ref.hash == other.ref.hash; }
  // Older generations first, then by name: the order in which bases are folded.
  std::strong_ordering operator<=>(const GraphCommit& other) const {
    if (auto order = generation <=> other.generation; order != 0) return order;
    return ref.hash <=> other.ref.hash;
  }
};

// The commits of a store (store_graph.h) or of the law kit.
class MergeGraph {
 public:
  virtual ~MergeGraph() = default;
  virtual Result<Tree> tree(const GraphCommit& commit) const = 0;
  // All maximal common ancestors, in any order.
  virtual Result<std::vector<GraphCommit>> bases(const GraphCommit& a,
                                                 const GraphCommit& b) const = 0;
  virtual Result<bool> is_ancestor(const GraphCommit& ancestor, const GraphCommit& of) const = 0;
  // Whether the history of `a` holds a commit that is no canonical merge and that `b`'s lacks.
  virtual Result<bool> has_ordinary_beyond(const GraphCommit& a, const GraphCommit& b) const = 0;
};

// Commits none of which is an ancestor of another, sorted: their merge is one state, the state of
// all operations in their histories.
using CommitSet = std::vector<GraphCommit>;

// The set whose histories together are what the histories of `set` and of `commit` share.
Result<CommitSet> bases_of(const MergeGraph& graph, const CommitSet& set,
                           const GraphCommit& commit);

// What a merge of two heads must do so that replicas that merge each other come to rest: a merge
// commit is made only if each side has an ordinary commit that the other lacks.
enum class Rest { take_ours, take_theirs, merge };
Result<Rest> decide(const MergeGraph& graph, const GraphCommit& ours, const GraphCommit& theirs);

}  // namespace ukstore
