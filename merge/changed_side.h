#pragma once
// Policy `changed`: where both sides wrote and one of them shows what the base shows, the other's
// change is taken, a removal too.
//
// Dots compare writes: who changes a file and changes it back has written it, and stays beside the
// other side's change.  Here states are compared, as git compares them.  Typed values are left to
// their operations.  The price is that such a merge is no canonical one: what it gives depends on
// what the base shows, and so on how often the branches merged before.

#include <ukstore/merge/engine.h>
#include <ukstore/merge/tx.h>

namespace ukstore {

// What is to be live at a path: what the side holds that changed it.
struct TakenSide {
  Bytes path;
  Live live;
};

class ChangedSides {
 public:
  // Borrowed.  Virtual bases are staged in `arena`.
  ChangedSides(const MergeGraph& graph, const TypeRegistry& types, MergeBudget budget,
               std::shared_ptr<Arena> arena)
      : graph_(graph), types_(types), budget_(budget), arena_(std::move(arena)) {}

  // The paths of `merged`, which is what the engine said of the canonical merge of these two, where
  // one side shows what the base shows and the other does not.  Several bases count as what this
  // policy makes of them together.
  Result<std::vector<TakenSide>> between(const GraphCommit& ours, const GraphCommit& theirs,
                                         const std::vector<MergedPosition>& merged);

 private:
  Result<Tree> state_of(const CommitSet& set, const Tree& empty);
  Result<std::vector<TakenSide>> compare(const Tree& base, const Tree& ours, const Tree& theirs,
                                         const std::vector<MergedPosition>& merged) const;

  const MergeGraph& graph_;
  const TypeRegistry& types_;
  const MergeBudget budget_;
  const std::shared_ptr<Arena> arena_;
  std::unordered_map<Bytes, Tree> states_;  // by the names of the set
};

// Makes the paths of `tx`, which works on `merged`, hold what was taken.
Result<void> take_sides(const std::vector<TakenSide>& taken, const State& merged, Tx& tx);

}  // namespace ukstore
