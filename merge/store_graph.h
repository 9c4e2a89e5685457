#pragma once
// The commits of a store as the merge engine sees them.

#include <ukstore/merge/graph.h>
#include <ukstore/store/history.h>

namespace ukstore {

class StoreGraph final : public MergeGraph {
 public:
  // `source` is borrowed.  All walks together read at most `visits_max` commits, then `limit`.
  explicit StoreGraph(const CommitSource& source, uint64_t visits_max = UINT64_MAX)
      : source_(source), budget_{.visits_max = visits_max} {}

  // A commit by its name; `not_found` if it is not here.  Everything else fails with
  // `base_missing` where the store does not hold what the history names.
  Result<GraphCommit> commit(const ObjectRef& ref) const;

  Result<Tree> tree(const GraphCommit& commit) const override;
  Result<std::vector<GraphCommit>> bases(const GraphCommit& a, const GraphCommit& b) const override;
  Result<bool> is_ancestor(const GraphCommit& ancestor, const GraphCommit& of) const override;
  Result<bool> has_ordinary_beyond(const GraphCommit& a, const GraphCommit& b) const override;

 private:
  const CommitSource& source_;
  mutable WalkBudget budget_;
};

}  // namespace ukstore
