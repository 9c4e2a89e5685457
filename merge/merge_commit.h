#pragma once
// How transactions of a store make commits and merge commits.

#include <ukstore/merge/engine.h>
#include <ukstore/merge/merge_options.h>
#include <ukstore/merge/replica.h>

namespace ukstore {

// The head of a branch with its generation.
Result<std::optional<GraphCommit>> head_of(Transaction& transaction, BytesView branch);

inline std::vector<ObjectRef> parents_of(const std::optional<GraphCommit>& head) {
  return head ? std::vector<ObjectRef>{head->ref} : std::vector<ObjectRef>{};
}
TransactOptions journal_options(const CommitInfo& info);

// An ordinary commit of a state.
Result<StoredCommit> commit_state(Transaction& transaction, const State& state,
                                  std::vector<ObjectRef> parents, const CommitInfo& info);
Result<void> move_head(Transaction& transaction, BytesView branch,
                       const std::optional<GraphCommit>& from, const ObjectRef& to);

// What the engine makes of two heads, and of no others.
struct MergedHeads {
  GraphCommit ours, theirs;
  Tree tree;
  std::vector<Bytes> conflicts;
  std::vector<MergedPosition> positions;
};
// The merge of a branch's head with `theirs` as they are now, outside of any transaction; nullopt
// if none is due.
Result<std::optional<MergedHeads>> merge_ahead(const Store& store, BytesView branch,
                                               const ObjectRef& theirs, const TypeRegistry& types,
                                               const MergeBudget& budget);

// Merges `theirs` into a branch, in a transaction, by the rules of merge_options.h and the rule of
// rest.
class MergeIntoBranch {
 public:
  MergeIntoBranch(Transaction& transaction, const TypeRegistry& types, const MergeBudget& budget,
                  const Writers& writers, const Bytes& branch)
      : transaction_(transaction),
        types_(types),
        budget_(budget),
        writers_(writers),
        branch_(branch) {}
  // `ahead`, if it is of the heads that are found, saves the merging.
  Result<MergeOutcome> run(const ObjectRef& theirs, const MergeOptions& options,
                           const std::optional<MergedHeads>& ahead = {});

 private:
  Result<MergeOutcome> commit(MergedHeads heads, const MergeOptions& options);
  // Policy `changed`: the merged state as it makes it, and what still disagrees.
  Result<State> take_changed(const GraphCommit& ours, const GraphCommit& theirs, State merged,
                             std::vector<MergedPosition>& positions, MergeOutcome& outcome,
                             Run run);
  Result<std::vector<Explanation>> explain(const std::vector<MergedPosition>& positions,
                                           const GraphCommit& ours, const GraphCommit& theirs,
                                           const State& merged);
  // Writes what the options say over the merged state.
  Result<State> resolve(const State& ours, const State& theirs, State merged,
                        const std::vector<Bytes>& conflicts, const MergeOptions& options,
                        uint64_t generation);

  Transaction& transaction_;
  const TypeRegistry& types_;
  const MergeBudget& budget_;
  const Writers& writers_;
  const Bytes& branch_;
};

}  // namespace ukstore
