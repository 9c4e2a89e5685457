#pragma once
// The members of World that check: included by world.h.

#include <ukstore/merge/laws/world.h>

namespace ukstore::laws {

template <Subject T>
size_t World<T>::add(GraphNode node, State state) {
  size_t commit = graph_.add(std::move(node));
  encoded_.push_back(type_.encode(state));
  states_.push_back(std::move(state));
  check_state(commit);
  return commit;
}

template <Subject T>
void World<T>::check_state(size_t commit) {
  const EventSet& events = graph_[commit].events;
  std::string here = "c" + std::to_string(commit);
  if (type_.view(states_[commit]) != type_.spec(History<Op>(events_, events))) {
    fail("the state is what the specification says", here + " shows something else");
  }
  for (size_t other = 0; other < commit; ++other) {
    if (graph_[other].events == events && encoded_[other] != encoded_[commit]) {
      fail("equal operations give equal bytes",
           here + " and c" + std::to_string(other) + " hold the same operations");
    }
  }
  auto again = type_.decode(encoded_[commit]);
  if (!again || type_.encode(*again) != encoded_[commit]) {
    fail("decoding gives back what was encoded", here);
  }
}

template <Subject T>
Result<typename T::State> World<T>::state_of(const std::vector<size_t>& set) {
  if (set.empty()) return type_.initial();
  if (set.size() == 1) return states_[set.front()];
  auto known = virtual_.find(set);
  if (known != virtual_.end()) return known->second;
  std::vector<size_t> others(set.begin(), set.end() - 1);
  auto state = merge_set(others, set.back());
  if (state) virtual_.emplace(set, *state);
  return state;
}

template <Subject T>
Result<typename T::State> World<T>::merge_set(const std::vector<size_t>& set, size_t commit) {
  std::vector<size_t> bases = graph_.bases(set, commit);
  if (rules_.bases == Rules::Bases::first_only && bases.size() > 1) bases.resize(1);
  // A subject may merge by the graph itself, as the engine does.
  if constexpr (requires { type_.merge_in(*this, size_t{}, commit); }) {
    if (set.size() == 1 && rules_.bases == Rules::Bases::all) {
      return type_.merge_in(*this, set.front(), commit);
    }
  }
  auto base = state_of(bases);
  if (!base) return base;
  auto ours = state_of(set);
  if (!ours) return ours;
  return type_.merge(*base, *ours, states_[commit]);
}

template <Subject T>
std::optional<typename T::State> World<T>::merge_states(const std::vector<size_t>& set,
                                                        size_t commit) {
  several_ += graph_.bases(set, commit).size() > 1;
  auto state = merge_set(set, commit);
  if (state) return std::move(*state);
  fail("merging never fails", state.error().message);
  return std::nullopt;
}

template <Subject T>
void World<T>::take(const Step& step) {
  if (heads_.empty()) return;
  size_t n = heads_.size(), a = step.a % n, b = step.b % n;
  Random random(step.seed);
  switch (step.kind) {
    case Step::Kind::op:
    case Step::Kind::transact: {
      std::vector<Op> ops{type_.random_op(random)};
      if (step.kind == Step::Kind::transact) ops.push_back(type_.random_op(random));
      return commit(a, ops);
    }
    case Step::Kind::pull:
      return pull(a, b);
    case Step::Kind::message:
      return pull(a, b, As::ordinary);
    case Step::Kind::exchange: {
      auto ours = heads_[a].commit, theirs = heads_[b].commit;
      heads_[a].commit = merged(ours, theirs, As::canonical, name_of(heads_[a].id));
      heads_[b].commit = merged(theirs, ours, As::canonical, name_of(heads_[b].id));
      return;
    }
    case Step::Kind::ring:
      return ring();
    case Step::Kind::octopus: {
      CommitBits all;
      for (const Head& head : heads_) {
        if (head.commit) all.set(*head.commit);
      }
      std::vector<size_t> parents = graph_.maximal(all);
      if (parents.size() < 3) return;
      auto state = state_of(parents);
      if (!state) return fail("merging never fails", state.error().message);
      std::ranges::sort(parents);
      heads_[a].commit = add({.parents = parents,
                              .canonical = true,
                              .replica = name_of(heads_[a].id),
                              .what = "merge of all"},
                             std::move(*state));
      return;
    }
    case Step::Kind::fork:
      if (n < 6) heads_.push_back({heads_[a].commit, next_replica_++});
      return;
    case Step::Kind::forget:
      if (n > 2) heads_.erase(heads_.begin() + static_cast<ptrdiff_t>(a));
      return;
    case Step::Kind::reload: {
      heads_[a].id = next_replica_++;
      if (!heads_[a].commit) return;
      auto state = type_.decode(encoded_[*heads_[a].commit]);
      if (state) states_[*heads_[a].commit] = std::move(*state);
      return;
    }
  }
}

template <Subject T>
void World<T>::check_end() {
  if (broken_) return;
  if (rules_.short_cuts == Rules::ShortCuts::checked) check_short_cuts();
  if (!broken_) check_octopus();
  if (!broken_) check_rest();
}

// merge(x, x, x) = x, merge(l, a, l) = a, merge(l, l, b) = b, merge(l, a, a) = a.
template <Subject T>
void World<T>::check_short_cuts() {
  for (size_t commit = graph_.size() - std::min<size_t>(graph_.size(), 6); commit < graph_.size();
       ++commit) {
    const State& a = states_[commit];
    State base =
        graph_[commit].parents.empty() ? type_.initial() : states_[graph_[commit].parents.front()];
    std::string here = "at c" + std::to_string(commit);
    auto is = [&](const Result<State>& merged, const char* law) {
      if (!merged || type_.encode(*merged) != encoded_[commit]) fail(law, here);
    };
    is(type_.merge(a, a, a), "merging a state with itself is that state");
    is(type_.merge(base, a, base), "a change on our side alone is taken");
    is(type_.merge(base, base, a), "a change on their side alone is taken");
    is(type_.merge(base, a, a), "two equal states merge to that state");
  }
}

// All orders of folding the heads give one state.
template <Subject T>
void World<T>::check_octopus() {
  CommitBits all;
  for (const Head& head : heads_) {
    if (head.commit) all.set(*head.commit);
  }
  std::vector<size_t> heads = graph_.maximal(all);
  if (heads.size() < 3) return;
  heads.resize(std::min<size_t>(heads.size(), 3));
  std::ranges::sort(heads);
  std::optional<Bytes> first;
  do {
    virtual_.clear();
    auto state = state_of(heads);
    if (!state) return fail("merging never fails", state.error().message);
    Bytes bytes = type_.encode(*state);
    if (first && *first != bytes) {
      return fail("the order of merging several heads does not matter", "at the end");
    }
    first = std::move(bytes);
  } while (std::ranges::next_permutation(heads).found);
  virtual_.clear();
}

// Concurrent pulls around a ring come to one head and then stop.
template <Subject T>
void World<T>::check_rest() {
  auto all_equal = [&] {
    return std::ranges::all_of(heads_,
                               [&](const Head& head) { return head.commit == heads_[0].commit; });
  };
  size_t rounds_max = 6 * heads_.size() + 6;
  for (size_t round = 0; round < rounds_max && !all_equal(); ++round) {
    if (broken_ || graph_.size() + heads_.size() > kCommitsMax) break;
    ring();
  }
  if (broken_) return;
  if (!all_equal()) return fail("replicas that pull from each other come to rest", "at the end");
  size_t commits = graph_.size();
  ring();
  if (graph_.size() != commits) fail("at rest no commits are made", "at the end");
}

}  // namespace ukstore::laws
