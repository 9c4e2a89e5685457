#include <ukstore/merge/merge_commit.h>

#include <ukstore/merge/changed_side.h>
#include <ukstore/merge/store_graph.h>

#include <algorithm>

namespace ukstore {

Result<std::optional<GraphCommit>> head_of(Transaction& transaction, BytesView branch) {
  auto head = transaction.head(RefKind::branch, branch);
  if (!head) return pass_on(head);
  if (!*head) return std::nullopt;
  auto commit = StoreGraph(transaction.commits()).commit((*head)->ref);
  if (!commit) return pass_on(commit);
  return *commit;
}

TransactOptions journal_options(const CommitInfo& info) {
  return {.note = info.note, .when_ms = info.when_ms, .durability = info.durability};
}

Result<StoredCommit> commit_state(Transaction& transaction, const State& state,
                                  std::vector<ObjectRef> parents, const CommitInfo& info) {
  return transaction.make_commit({.tree = state.tree(),
                                  .parents = std::move(parents),
                                  .author = info.author,
                                  .committer = info.committer,
                                  .message = info.message});
}

Result<void> move_head(Transaction& transaction, BytesView branch,
                       const std::optional<GraphCommit>& from, const ObjectRef& to) {
  auto expected = from ? std::optional(Head{from->ref, ObjectKind::commit}) : std::nullopt;
  return transaction.compare_and_set(RefKind::branch, branch, expected,
                                     Head{to, ObjectKind::commit});
}

namespace {

Result<MergedHeads> merge_heads(const MergeGraph& graph, const GraphCommit& ours,
                                const GraphCommit& theirs, const TypeRegistry& types,
                                const MergeBudget& budget, std::shared_ptr<Arena> arena) {
  MergeEngine engine(graph, types, budget, std::move(arena));
  auto tree = engine.merge(ours, theirs);
  if (!tree) return pass_on(tree);
  return MergedHeads{ours, theirs, std::move(*tree), engine.conflicts(), engine.merged()};
}

}  // namespace

Result<std::optional<MergedHeads>> merge_ahead(const Store& store, BytesView branch,
                                               const ObjectRef& theirs, const TypeRegistry& types,
                                               const MergeBudget& budget) {
  auto head = store.head(RefKind::branch, branch);
  if (!head) return pass_on(head);
  if (!*head) return std::nullopt;
  auto source = store.commits();
  if (!source) return pass_on(source);
  StoreGraph graph(**source);
  auto ours = graph.commit((*head)->ref), other = graph.commit(theirs);
  if (!ours) return pass_on(ours);
  if (!other) return pass_on(other);
  auto rest = decide(graph, *ours, *other);
  if (!rest) return pass_on(rest);
  if (*rest != Rest::merge) return std::nullopt;
  auto merged = merge_heads(graph, *ours, *other, types, budget, nullptr);
  if (!merged) return pass_on(merged);
  return std::move(*merged);
}

Result<MergeOutcome> MergeIntoBranch::run(const ObjectRef& theirs, const MergeOptions& options,
                                          const std::optional<MergedHeads>& ahead) {
  StoreGraph graph(transaction_.commits());
  auto other = graph.commit(theirs);
  if (!other) return pass_on(other);
  auto head = head_of(transaction_, branch_);
  if (!head) return pass_on(head);
  if (*head && ahead && ahead->ours == **head && ahead->theirs == *other) {
    MergedHeads merged = *ahead;
    merged.ours = **head;  // as this transaction knows them
    merged.theirs = *other;
    return commit(std::move(merged), options);
  }
  Result<Rest> rest = Rest::take_theirs;
  if (*head) rest = decide(graph, **head, *other);
  if (!rest) return pass_on(rest);
  switch (*rest) {
    case Rest::take_ours:
      return MergeOutcome{.head = (*head)->ref};
    case Rest::take_theirs:
      if (options.run == Run::dry) {
        return MergeOutcome{.how = MergeOutcome::How::fast_forward,
                            .head = *head ? (*head)->ref : ObjectRef{}};
      }
      if (auto ok = move_head(transaction_, branch_, *head, other->ref); !ok) return pass_on(ok);
      return MergeOutcome{.how = MergeOutcome::How::fast_forward, .head = other->ref};
    case Rest::merge:
      break;
  }
  auto mine = graph.tree(**head);
  if (!mine) return pass_on(mine);
  auto merged = merge_heads(graph, **head, *other, types_, budget_, mine->arena());
  if (!merged) return pass_on(merged);
  return commit(std::move(*merged), options);
}

Result<MergeOutcome> MergeIntoBranch::commit(MergedHeads heads, const MergeOptions& options) {
  const GraphCommit &ours = heads.ours, &theirs = heads.theirs;
  StoreGraph graph(transaction_.commits());
  auto mine = graph.tree(ours), other = graph.tree(theirs);
  if (!mine) return pass_on(mine);
  if (!other) return pass_on(other);
  State merged(std::move(heads.tree)), our_state(std::move(*mine)), their_state(std::move(*other));

  MergeOutcome outcome{.how = MergeOutcome::How::merged, .head = ours.ref};
  outcome.conflicts = std::move(heads.conflicts);
  std::vector<MergedPosition> positions = std::move(heads.positions);
  if (options.policy == Policy::changed) {
    auto changed = take_changed(ours, theirs, std::move(merged), positions, outcome, options.run);
    if (!changed) return pass_on(changed);
    merged = std::move(*changed);
  }
  if (options.explain == Explain::yes) {
    auto explained = explain(positions, ours, theirs, merged);
    if (!explained) return pass_on(explained);
    outcome.explanations = std::move(*explained);
  }
  if (options.policy == Policy::fail && !outcome.conflicts.empty()) {
    outcome.how = MergeOutcome::How::refused;
    return outcome;
  }
  if (options.run == Run::dry) return outcome;
  std::vector<ObjectRef> parents{ours.ref, theirs.ref};
  Result<StoredCommit> commit = StoredCommit{};
  if (options.is_canonical()) {
    commit = transaction_.make_commit(
        {.tree = merged.tree(), .parents = parents, .canonical_merge = true});
  } else {
    uint64_t generation = std::max(ours.generation, theirs.generation) + 1;
    auto resolved =
        resolve(our_state, their_state, std::move(merged), outcome.conflicts, options, generation);
    if (!resolved) return pass_on(resolved);
    commit = commit_state(transaction_, *resolved, parents, options.info);
  }
  if (!commit) return pass_on(commit);
  if (auto ok = move_head(transaction_, branch_, ours, commit->ref); !ok) return pass_on(ok);
  outcome.head = commit->ref;
  return outcome;
}

Result<State> MergeIntoBranch::take_changed(const GraphCommit& ours, const GraphCommit& theirs,
                                            State merged, std::vector<MergedPosition>& positions,
                                            MergeOutcome& outcome, Run run) {
  StoreGraph graph(transaction_.commits());
  ChangedSides sides(graph, types_, budget_, merged.tree().arena());
  auto taken = sides.between(ours, theirs, positions);
  if (!taken) return pass_on(taken);
  auto mint =
      writers_.mint(transaction_, branch_, std::max(ours.generation, theirs.generation) + 1);
  if (!mint) return pass_on(mint);
  Tx tx(merged, *mint);
  if (auto ok = take_sides(*taken, merged, tx); !ok) return pass_on(ok);
  auto state = tx.finish();
  if (!state) return state;
  if (run == Run::real) {
    if (auto ok = writers_.keep(transaction_, branch_, tx.mint_left()); !ok) return pass_on(ok);
  }
  auto side = taken->begin();
  for (MergedPosition& at : positions) {
    if (side == taken->end() || at.kind || at.path != side->path) continue;
    at.rule = "changed";
    ++side;
  }
  std::vector<Bytes> left;
  for (Bytes& path : outcome.conflicts) {
    auto value = state->value(path);
    if (!value) return pass_on(value);
    if (*value && (*value)->is_conflict()) left.push_back(std::move(path));
  }
  outcome.conflicts = std::move(left);
  return state;
}

Result<std::vector<Explanation>> MergeIntoBranch::explain(
    const std::vector<MergedPosition>& positions, const GraphCommit& ours,
    const GraphCommit& theirs, const State& merged) {
  StoreGraph graph(transaction_.commits());
  auto set = bases_of(graph, {ours}, theirs);
  if (!set) return pass_on(set);
  MergeEngine engine(graph, types_, budget_, merged.tree().arena());
  auto base = engine.state_of(*set, Tree(transaction_.objects()));
  auto mine = graph.tree(ours), other = graph.tree(theirs);
  for (const auto* tree : {&base, &mine, &other}) {
    if (!*tree) return pass_on(*tree);
  }
  const State base_state(*base), our_state(*mine), their_state(*other);
  std::vector<Explanation> explanations;
  for (const MergedPosition& at : positions) {
    auto b = describe(base_state, at.path, at.kind), o = describe(our_state, at.path, at.kind);
    auto t = describe(their_state, at.path, at.kind), r = describe(merged, at.path, at.kind);
    for (const auto* text : {&b, &o, &t, &r}) {
      if (!*text) return pass_on(*text);
    }
    explanations.push_back({at.path, std::string(at.rule), *b, *o, *t, *r});
  }
  return explanations;
}

Result<State> MergeIntoBranch::resolve(const State& ours, const State& theirs, State merged,
                                       const std::vector<Bytes>& conflicts,
                                       const MergeOptions& options, uint64_t generation) {
  auto mint = writers_.mint(transaction_, branch_, generation);
  if (!mint) return pass_on(mint);
  Tx tx(merged, *mint);
  for (const Bytes& path : conflicts) {
    if (options.resolution.contains(path)) continue;
    auto o = ours.value(path), t = theirs.value(path), m = merged.value(path);
    if (!o) return pass_on(o);
    if (!t) return pass_on(t);
    if (!m) return pass_on(m);
    if (!*m) continue;
    if (options.resolve) options.resolve({path, *o, *t, **m}, tx);
    if (options.policy == Policy::ours) tx.keep(path, *o ? (*o)->live : Live());
    if (options.policy == Policy::theirs) tx.keep(path, *t ? (*t)->live : Live());
  }
  for (const auto& [path, bytes] : options.resolution) tx.set(path, bytes);
  auto resolved = tx.finish();
  if (!resolved) return resolved;
  if (auto ok = writers_.keep(transaction_, branch_, tx.mint_left()); !ok) return pass_on(ok);
  return resolved;
}

}  // namespace ukstore
