// Branches: merging, and updates outside the lock.
#include <ukstore/merge/merge_commit.h>
#include <ukstore/merge/repo.h>
#include <ukstore/merge/store_graph.h>

namespace ukstore {

Result<MergeOutcome> Branch::merge(const Branch& from, MergeOptions options) {
  MergeOutcome outcome;
  auto body = [&](Transaction& transaction) -> Result<void> {
    auto theirs = head_of(transaction, from.name_);
    if (!theirs) return pass_on(theirs);
    if (!*theirs) {
      return fail(Error::Kind::not_found,
                  "there is no branch " + printable(from.name_) + " to merge");
    }
    MergeIntoBranch merge(transaction, repo_->options_.types, repo_->options_.budget,
                          repo_->writers_, name_);
    auto merged = merge.run((*theirs)->ref, options);
    if (!merged) return pass_on(merged);
    outcome = std::move(*merged);
    return {};
  };
  auto receipt = repo_->store_->transact(body, journal_options(options.info));
  if (!receipt) return pass_on(receipt);
  return outcome;
}

Result<MergeOutcome> Branch::merge(const ObjectRef& commit, MergeOptions options) {
  MergeOutcome outcome;
  auto body = [&](Transaction& transaction) -> Result<void> {
    MergeIntoBranch merge(transaction, repo_->options_.types, repo_->options_.budget,
                          repo_->writers_, name_);
    auto merged = merge.run(commit, options);
    if (!merged) return pass_on(merged);
    outcome = std::move(*merged);
    return {};
  };
  auto receipt = repo_->store_->transact(body, journal_options(options.info));
  if (!receipt) return pass_on(receipt);
  return outcome;
}

namespace {

Result<bool> is_unchanged(const Tree& before, const Tree& now, const Bytes& path) {
  if (path.empty()) return before == now;
  auto was = before.at(path), is = now.at(path);
  if (!was) return pass_on(was);
  if (!is) return pass_on(is);
  return *was == *is;
}

}  // namespace

Result<Committed> Branch::update(const WriteFunction& write, UpdateOptions options,
                                 CommitInfo info) {
  if (options.strategy == Strategy::set) return transact(write, std::move(info));
  for (uint32_t attempt = 0;; ++attempt) {
    auto at = head();
    if (!at) return pass_on(at);
    auto before =
        *at ? repo_->state_at(**at) : Result<State>(State(Tree(repo_->store_->objects())));
    if (!before) return pass_on(before);
    uint64_t generation = 1;
    if (*at) {
      auto commit = repo_->store_->commit(**at);
      if (!commit) return pass_on(commit);
      generation = commit->commit.generation + 1;
    }
    Tx tx(*before, repo_->writers_.loose_mint(name_, generation));
    write(tx);
    auto after = tx.finish();
    if (!after) return pass_on(after);
    if (*after == *before) return Committed{std::nullopt, at->value_or(ObjectRef{})};

    Committed committed;
    bool lost = false;
    auto body = [&](Transaction& transaction) -> Result<void> {
      committed = {};
      lost = false;
      auto now = head_of(transaction, name_);
      if (!now) return pass_on(now);
      bool moved = now->has_value() != at->has_value() || (*now && (*now)->ref != **at);
      if (moved && options.strategy == Strategy::test_and_set) {
        auto tree = transaction.tree_of(name_);
        if (!tree) return pass_on(tree);
        auto same = is_unchanged(before->tree(), *tree, options.path);
        if (!same) return pass_on(same);
        lost = !*same;
        if (lost) return {};
      }
      auto parents = *at ? std::vector<ObjectRef>{**at} : std::vector<ObjectRef>{};
      auto made = commit_state(transaction, *after, parents, info);
      if (!made) return pass_on(made);
      committed = {made->ref, made->ref};
      if (!moved) return move_head(transaction, name_, *now, made->ref);
      MergeIntoBranch merge(transaction, repo_->options_.types, repo_->options_.budget,
                            repo_->writers_, name_);
      auto merged = merge.run(made->ref, {});
      if (!merged) return pass_on(merged);
      committed.head = merged->head;
      return {};
    };
    auto receipt = repo_->store_->transact(body, journal_options(info));
    if (!receipt) return pass_on(receipt);
    if (!lost) return committed;
    if (attempt == options.retries) {
      return fail(Error::Kind::moved, "what stands at \"" + printable(options.path) +
                                          "\" in branch " + printable(name_) +
                                          " changed meanwhile");
    }
  }
}

}  // namespace ukstore
