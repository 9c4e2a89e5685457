#include <ukstore/merge/replay_commit.h>

#include <ukstore/merge/merge_commit.h>

#include <algorithm>

namespace ukstore {

Result<State> ReplayOntoBranch::state_of(const ObjectRef& commit) const {
  auto found = transaction_.commit_at(commit);
  if (!found) return pass_on(found);
  auto tree = transaction_.tree_at(*found);
  if (!tree) return pass_on(tree);
  return State(std::move(*tree));
}

Result<State> ReplayOntoBranch::state_before(const ObjectRef& commit,
                                             const ReplayOptions& options) const {
  auto found = transaction_.commit_at(commit);
  if (!found) return pass_on(found);
  const std::vector<ObjectRef>& parents = found->commit.parents;
  if (options.parent) {
    auto is_it = [&](const ObjectRef& parent) { return parent.hash == options.parent->hash; };
    if (std::ranges::none_of(parents, is_it)) {
      return fail(Error::Kind::invalid,
                  to_hex(options.parent->hash) + " is no parent of " + to_hex(commit.hash));
    }
    return state_of(*options.parent);
  }
  if (parents.size() > 1) {
    return fail(Error::Kind::invalid, to_hex(commit.hash) +
                                          " is a merge: say which of its parents it is compared "
                                          "with");
  }
  if (parents.empty()) return State(Tree(transaction_.objects()));
  return state_of(parents.front());
}

Result<ReplayOutcome> ReplayOntoBranch::commit(const State& before, const State& after,
                                               const ReplayOptions& options, Always always) {
  auto head = head_of(transaction_, branch_);
  if (!head) return pass_on(head);
  auto tree = transaction_.tree_of(branch_);
  if (!tree) return pass_on(tree);
  uint64_t generation = *head ? (*head)->generation + 1 : 1;
  auto mint = writers_.mint(transaction_, branch_, generation);
  if (!mint) return pass_on(mint);
  Tx tx(State(*tree), *mint);
  auto outcome = replay(before, after, tx, types_, options.again, options.policy);
  if (!outcome) return outcome;
  if (*head) outcome->head = (*head)->ref;
  if (options.policy == Policy::fail && !(outcome->conflicts.empty() && outcome->kept.empty())) {
    outcome->how = ReplayOutcome::How::refused;
    return outcome;
  }
  auto next = tx.finish();
  if (!next) return pass_on(next);
  if (next->tree() == *tree && always == Always::no) return outcome;
  auto made = commit_state(transaction_, *next, parents_of(*head), options.info);
  if (!made) return pass_on(made);
  if (auto ok = writers_.keep(transaction_, branch_, tx.mint_left()); !ok) return pass_on(ok);
  if (auto ok = move_head(transaction_, branch_, *head, made->ref); !ok) return pass_on(ok);
  outcome->how = ReplayOutcome::How::committed;
  outcome->head = made->ref;
  return outcome;
}

// ---- Branches that others may hold.

Result<void> mark_shared(Transaction& transaction, BytesView branch) {
  auto marked = is_shared(transaction, branch);
  if (!marked) return pass_on(marked);
  if (*marked) return {};
  return transaction.put_record(branch_record("shared", branch), "1");
}

Result<bool> is_shared(const Transaction& transaction, BytesView branch) {
  auto record = transaction.record(branch_record("shared", branch));
  if (!record) return pass_on(record);
  return record->has_value();
}

}  // namespace ukstore
