// Branches: merging, and updates outside the lock.
#include <ukstore/merge/merge_commit.h>
#include <ukstore/merge/repo.h>
#include <ukstore/merge/store_graph.h>

namespace ukstore {

// The merge is made before the writer's lock is taken.  Where a head has moved meanwhile it is made
// again within, so it lands whatever others do.
Result<MergeOutcome> Branch::merge_found(const FindCommit& find, const std::optional<Head>& seen,
                                         const MergeOptions& options) {
  const TypeRegistry& types = repo_->options_.types;
  const MergeBudget& budget = repo_->options_.budget;
  std::optional<MergedHeads> ahead;
  if (seen) {
    auto merged = merge_ahead(*repo_->store_, name_, seen->ref, types, budget);
    if (!merged) return pass_on(merged);
    ahead = std::move(*merged);
  }
  MergeOutcome outcome;
  auto body = [&](Transaction& transaction) -> Result<void> {
    auto theirs = find(transaction);
    if (!theirs) return pass_on(theirs);
    MergeIntoBranch merge(transaction, types, budget, repo_->writers_, name_);
    auto merged = merge.run(*theirs, options, ahead);
    if (!merged) return pass_on(merged);
    outcome = std::move(*merged);
    return {};
  };
  auto receipt = repo_->store_->transact(body, journal_options(options.info));
  if (!receipt) return pass_on(receipt);
  return outcome;
}

Result<MergeOutcome> Branch::merge(const Branch& from, MergeOptions options) {
  auto seen = repo_->store_->head(RefKind::branch, from.name_);
  if (!seen) return pass_on(seen);
  auto find = [&](Transaction& transaction) -> Result<ObjectRef> {
    auto theirs = transaction.head(RefKind::branch, from.name_);
    if (!theirs) return pass_on(theirs);
    if (*theirs) return (*theirs)->ref;
    return fail(Error::Kind::not_found,
                "there is no branch " + printable(from.name_) + " to merge");
  };
  return merge_found(find, *seen, options);
}

Result<MergeOutcome> Branch::merge(const ObjectRef& commit, MergeOptions options) {
  return merge_found([&](Transaction&) -> Result<ObjectRef> { return commit; },
                     Head{commit, ObjectKind::commit}, options);
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

// What an update's function made of what it saw.
struct Branch::Drafted {
  std::optional<ObjectRef> seen;  // the head
  State before;
  State after;
};

Result<Branch::Drafted> Branch::draft(const WriteFunction& write, const Writers::Lease& writer) {
  auto at = head();
  if (!at) return pass_on(at);
  State before(Tree(repo_->store_->objects()));
  uint64_t generation = 1;
  if (*at) {
    auto state = repo_->state_at(**at);
    if (!state) return pass_on(state);
    auto commit = repo_->store_->commit(**at);
    if (!commit) return pass_on(commit);
    before = std::move(*state);
    generation = commit->commit.generation + 1;
  }
  Tx tx(before, writer.mint(generation));
  write(tx);
  auto after = tx.finish();
  if (!after) return pass_on(after);
  return Drafted{*at, std::move(before), std::move(*after)};
}

// Commits a draft on what it saw and, if the branch has moved since, merges it; nullopt if what
// must not have changed did.
Result<std::optional<Committed>> Branch::land(Transaction& transaction, const Drafted& draft,
                                              const UpdateOptions& options,
                                              const CommitInfo& info) {
  auto now = head_of(transaction, name_);
  if (!now) return pass_on(now);
  bool moved = *now ? !draft.seen || (*now)->ref != *draft.seen : draft.seen.has_value();
  if (moved && options.strategy == Strategy::test_and_set) {
    auto tree = transaction.tree_of(name_);
    if (!tree) return pass_on(tree);
    auto same = is_unchanged(draft.before.tree(), *tree, options.path);
    if (!same) return pass_on(same);
    if (!*same) return std::nullopt;
  }
  auto parents = draft.seen ? std::vector<ObjectRef>{*draft.seen} : std::vector<ObjectRef>{};
  auto made = commit_state(transaction, draft.after, parents, info);
  if (!made) return pass_on(made);
  if (!moved) {
    if (auto ok = move_head(transaction, name_, *now, made->ref); !ok) return pass_on(ok);
    return Committed{made->ref, made->ref};
  }
  MergeIntoBranch merge(transaction, repo_->options_.types, repo_->options_.budget, repo_->writers_,
                        name_);
  auto merged = merge.run(made->ref, {});
  if (!merged) return pass_on(merged);
  return Committed{made->ref, merged->head};
}

Result<Committed> Branch::update(const WriteFunction& write, UpdateOptions options,
                                 CommitInfo info) {
  if (options.strategy == Strategy::set) return transact(write, std::move(info));
  for (uint32_t attempt = 0;; ++attempt) {
    Writers::Lease writer(repo_->writers_, name_);
    auto drafted = draft(write, writer);
    if (!drafted) return pass_on(drafted);
    if (drafted->after == drafted->before) {
      return Committed{std::nullopt, drafted->seen.value_or(ObjectRef{})};
    }
    std::optional<Committed> committed;
    auto body = [&](Transaction& transaction) -> Result<void> {
      auto landed = land(transaction, *drafted, options, info);
      if (!landed) return pass_on(landed);
      committed = *landed;
      return {};
    };
    auto receipt = repo_->store_->transact(body, journal_options(info));
    if (!receipt) return pass_on(receipt);
    if (committed) return *committed;
    if (attempt == options.retries) {
      return fail(Error::Kind::moved, "what stands at \"" + printable(options.path) +
                                          "\" in branch " + printable(name_) +
                                          " changed meanwhile");
    }
  }
}

}  // namespace ukstore
