#include <ukstore/merge/changed_side.h>

#include <algorithm>

namespace ukstore {
namespace {

Result<Live> live_at(const Tree& tree, const Bytes& path) {
  auto entry = tree.at(path);
  if (!entry) return pass_on(entry);
  return read_live(tree, *entry);
}

bool says_all_of(const Live& live, const std::vector<Term>& terms) {
  return std::ranges::all_of(terms, [&](const Term& term) {
    return std::ranges::any_of(
        live, [&](const LiveEntry& entry) { return Term{entry.kind, entry.value} == term; });
  });
}
bool say_the_same(const Live& a, const Live& b) {
  return says_all_of(a, terms_of(b)) && says_all_of(b, terms_of(a));
}

bool has_typed(const Live& live) {
  return std::ranges::any_of(live, [](const LiveEntry& entry) { return is_typed(entry.kind); });
}

// The dots of a virtual base, which no commit ever holds.
DotMint virtual_mint(const CommitSet& set, const Bytes& name) {
  return import_mint(set.back().generation + 1, "virtual merge base " + name);
}

}  // namespace

Result<std::vector<TakenSide>> ChangedSides::between(const GraphCommit& ours,
                                                     const GraphCommit& theirs,
                                                     const std::vector<MergedPosition>& merged) {
  if (merged.empty()) return std::vector<TakenSide>();
  auto mine = graph_.tree(ours), other = graph_.tree(theirs);
  if (!mine) return pass_on(mine);
  if (!other) return pass_on(other);
  auto set = bases_of(graph_, {ours}, theirs);
  if (!set) return pass_on(set);
  auto base = state_of(*set, Tree(mine->objects()));
  if (!base) return pass_on(base);
  return compare(*base, *mine, *other, merged);
}

Result<std::vector<TakenSide>> ChangedSides::compare(
    const Tree& base, const Tree& ours, const Tree& theirs,
    const std::vector<MergedPosition>& merged) const {
  std::vector<TakenSide> taken;
  for (const MergedPosition& at : merged) {
    if (at.kind) continue;  // a typed value, merged by its operations
    auto b = live_at(base, at.path), o = live_at(ours, at.path), t = live_at(theirs, at.path);
    for (const auto* live : {&b, &o, &t}) {
      if (!*live) return pass_on(*live);
    }
    if (has_typed(*b) || has_typed(*o) || has_typed(*t)) continue;
    const bool ours_as_base = say_the_same(*b, *o), theirs_as_base = say_the_same(*b, *t);
    if (ours_as_base == theirs_as_base) continue;
    taken.push_back({at.path, ours_as_base ? std::move(*t) : std::move(*o)});
  }
  return taken;
}

Result<Tree> ChangedSides::state_of(const CommitSet& set, const Tree& empty) {
  if (set.empty()) return empty;
  if (set.size() == 1) return graph_.tree(set.front());
  Bytes name;
  for (const GraphCommit& commit : set) name += commit.ref.hash.view();
  if (auto known = states_.find(name); known != states_.end()) return known->second;
  const CommitSet others(set.begin(), set.end() - 1);
  auto ours = state_of(others, empty);
  if (!ours) return ours;
  auto theirs = graph_.tree(set.back());
  if (!theirs) return theirs;
  auto shared = bases_of(graph_, others, set.back());
  if (!shared) return pass_on(shared);
  auto base = state_of(*shared, empty);
  if (!base) return base;
  MergeEngine engine(graph_, types_, budget_, arena_);
  auto writes = engine.state_of(*shared, empty);  // what the canonical merge takes for the base
  if (!writes) return writes;
  auto merged = engine.merge_trees(*writes, *ours, *theirs);
  if (!merged) return merged;
  auto taken = compare(*base, *ours, *theirs, engine.merged());
  if (!taken) return pass_on(taken);
  State state(std::move(*merged));
  Tx tx(state, virtual_mint(set, name));
  if (auto ok = take_sides(*taken, state, tx); !ok) return pass_on(ok);
  auto made = tx.finish();
  if (!made) return pass_on(made);
  return states_.emplace(std::move(name), made->tree()).first->second;
}

Result<void> take_sides(const std::vector<TakenSide>& taken, const State& merged, Tx& tx) {
  for (const TakenSide& side : taken) {
    auto live = live_at(merged.tree(), side.path);
    if (!live) return pass_on(live);
    // Writes that the merge holds stay these writes; only what it has replaced is said anew.
    Live kept;
    std::vector<Term> added;
    for (const LiveEntry& entry : side.live) {
      if (std::ranges::find(*live, entry) != live->end()) kept.push_back(entry);
    }
    for (const Term& term : terms_of(side.live)) {
      if (!says_all_of(kept, {term})) added.push_back(term);
    }
    if (kept != *live || !added.empty()) tx.rewrite(side.path, kept, added);
  }
  return {};
}

}  // namespace ukstore
