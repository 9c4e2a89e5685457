// Branches: replays, undo and redo, and the end of conflicts.
#include <ukstore/merge/merge_commit.h>
#include <ukstore/merge/replay_commit.h>
#include <ukstore/merge/repo.h>

namespace ukstore {
namespace {

// Undo, redo and reset ask for the inverse itself, so nothing in it is done twice.
ReplayOptions inverse_options(const CommitInfo& info) {
  return {.again = Again::allowed, .info = info};
}

}  // namespace

Result<ReplayOutcome> Branch::replay_in_transaction(
    const CommitInfo& info,
    const std::function<Result<ReplayOutcome>(ReplayOntoBranch&, Transaction&)>& run) {
  ReplayOutcome outcome;
  auto body = [&](Transaction& transaction) -> Result<void> {
    ReplayOntoBranch replay(transaction, repo_->options_.types, repo_->writers_, name_);
    auto done = run(replay, transaction);
    if (!done) return pass_on(done);
    outcome = std::move(*done);
    return {};
  };
  auto receipt = repo_->store_->transact(body, journal_options(info));
  if (!receipt) return pass_on(receipt);
  return outcome;
}

Result<ReplayOutcome> Branch::cherry_pick(const ObjectRef& commit, ReplayOptions options) {
  return replay_in_transaction(
      options.info, [&](ReplayOntoBranch& replay, Transaction&) -> Result<ReplayOutcome> {
        auto before = replay.state_before(commit, options), after = replay.state_of(commit);
        if (!before) return pass_on(before);
        if (!after) return pass_on(after);
        return replay.commit(*before, *after, options, ReplayOntoBranch::Always::no);
      });
}

Result<ReplayOutcome> Branch::revert(const ObjectRef& commit, ReplayOptions options) {
  return replay_in_transaction(
      options.info, [&](ReplayOntoBranch& replay, Transaction&) -> Result<ReplayOutcome> {
        auto before = replay.state_of(commit), after = replay.state_before(commit, options);
        if (!before) return pass_on(before);
        if (!after) return pass_on(after);
        return replay.commit(*before, *after, options, ReplayOntoBranch::Always::no);
      });
}

Result<ReplayOutcome> Branch::reset(const ObjectRef& commit, CommitInfo info) {
  return replay_in_transaction(
      info, [&](ReplayOntoBranch& replay, Transaction& transaction) -> Result<ReplayOutcome> {
        auto head = head_of(transaction, name_);
        if (!head) return pass_on(head);
        if (*head && (*head)->ref.hash == commit.hash) return ReplayOutcome{.head = commit};
        auto shared = ukstore::is_shared(transaction, name_);
        if (!shared) return pass_on(shared);
        if (!*shared || !*head) {
          if (auto ok = move_head(transaction, name_, *head, commit); !ok) return pass_on(ok);
          return ReplayOutcome{.how = ReplayOutcome::How::moved, .head = commit};
        }
        auto before = replay.state_of((*head)->ref), after = replay.state_of(commit);
        if (!before) return pass_on(before);
        if (!after) return pass_on(after);
        return replay.commit(*before, *after, inverse_options(info), ReplayOntoBranch::Always::no);
      });
}

Result<void> Branch::mark_shared() {
  auto receipt = repo_->store_->transact(
      [&](Transaction& transaction) { return ukstore::mark_shared(transaction, name_); });
  if (!receipt) return pass_on(receipt);
  return {};
}

Result<bool> Branch::is_shared() const {
  auto record = repo_->store_->record(branch_record("shared", name_));
  if (!record) return pass_on(record);
  return record->has_value();
}

// ---- Conflicts.

namespace {

// Runs `settle` on what stands at a path, which must be a conflict.
WriteFunction settling(BytesView path,
                       const std::function<Result<void>(const Value&, Tx&)>& settle) {
  return [path, &settle](Tx& tx) {
    tx.attempt([&]() -> Result<void> {
      auto state = tx.state();
      if (!state) return pass_on(state);
      auto value = state->value(path);
      if (!value) return pass_on(value);
      if (!*value || !(*value)->is_conflict()) {
        return fail(Error::Kind::invalid, printable(path) + " holds no conflict");
      }
      return settle(**value, tx);
    });
  };
}

}  // namespace

Result<Committed> Branch::choose(BytesView path, size_t index, CommitInfo info) {
  auto keep = [&](const Value& value, Tx& tx) -> Result<void> {
    auto choices = value.choices();
    if (index >= choices.size()) {
      return fail(Error::Kind::invalid,
                  printable(path) + " holds " + std::to_string(choices.size()) +
                      " values, counted from 0: there is no number " + std::to_string(index));
    }
    tx.keep(path, choices[index].live);
    return {};
  };
  return transact(settling(path, keep), std::move(info));
}

Result<Committed> Branch::resolve(BytesView path, BytesView bytes, CommitInfo info) {
  auto set = [&](const Value&, Tx& tx) -> Result<void> {
    tx.set(path, bytes);
    return {};
  };
  return transact(settling(path, set), std::move(info));
}

// ---- The journal.

Result<void> Repo::step_back(Transaction& transaction, const RefChange& back,
                             const CommitInfo& info) {
  auto move = [&] {
    return transaction.compare_and_set(back.kind, back.name, back.before, back.after);
  };
  if (back.kind != RefKind::branch || !back.before || !back.after) return move();
  auto shared = is_shared(transaction, back.name);
  if (!shared) return pass_on(shared);
  if (!*shared) return move();
  ReplayOntoBranch replay(transaction, options_.types, writers_, back.name);
  auto before = replay.state_of(back.before->ref), after = replay.state_of(back.after->ref);
  if (!before) return pass_on(before);
  if (!after) return pass_on(after);
  // Also without a difference: the journal's step must be a commit.
  auto done = replay.commit(*before, *after, inverse_options(info), ReplayOntoBranch::Always::yes);
  if (!done) return pass_on(done);
  return {};
}

Result<Receipt> Repo::undo(CommitInfo info) {
  return store_->undo(journal_options(info), [&](Transaction& transaction, const RefChange& back) {
    return step_back(transaction, back, info);
  });
}

Result<Receipt> Repo::redo(CommitInfo info) {
  return store_->redo(journal_options(info), [&](Transaction& transaction, const RefChange& back) {
    return step_back(transaction, back, info);
  });
}

}  // namespace ukstore
