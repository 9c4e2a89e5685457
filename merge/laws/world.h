#pragma once
// Replicas of one type that commit and merge, and the laws checked after every step.

#include <ukstore/merge/laws/history.h>
#include <ukstore/merge/laws/script.h>

#include <algorithm>
#include <concepts>
#include <optional>
#include <random>
#include <span>

namespace ukstore::laws {

using Random = std::mt19937_64;

// What the kit checks.  An object, so that it may hold a store; all functions are const.
template <class T>
concept Subject = requires(const T& type, const typename T::State& state, const typename T::Op& op,
                           const Dot& dot, BytesView bytes, Random& random,
                           const History<typename T::Op>& history) {
  { type.initial() } -> std::same_as<typename T::State>;
  { type.apply(state, op, dot) } -> std::same_as<typename T::State>;
  { type.merge(state, state, state) } -> std::same_as<Result<typename T::State>>;
  { type.encode(state) } -> std::same_as<Bytes>;
  { type.decode(bytes) } -> std::same_as<Result<typename T::State>>;
  { type.view(state) } -> std::same_as<typename T::View>;
  { type.spec(history) } -> std::same_as<typename T::View>;
  { type.random_op(random) } -> std::same_as<typename T::Op>;
  { type.print(op) } -> std::convertible_to<std::string>;
};

// How merges are made: as they must be, or wrongly on purpose, to see that the kit notices.
struct Rules {
  enum class Bases { all, first_only } bases = Bases::all;
  enum class AtRest { stops, merges_on } at_rest = AtRest::stops;
  // Without them the other laws must find the fault.
  enum class ShortCuts { checked, not_checked } short_cuts = ShortCuts::checked;
};

struct Broken {
  std::string law;
  std::string detail;
};

// The dots of operations are this far apart in number, so that one may mint several.
constexpr uint64_t kDotsPerOp = 16;

template <Subject T>
class World {
 public:
  using State = typename T::State;
  using Op = typename T::Op;

  World(const T& type, Rules rules) : type_(type), rules_(rules) {}

  void start(uint32_t replicas, bool common_root) {
    if (common_root) add({.what = "start"}, type_.initial());
    for (uint32_t i = 0; i < replicas; ++i) {
      heads_.push_back({common_root ? std::optional<size_t>(0) : std::nullopt, next_replica_++});
    }
  }

  void run(const Script& script) {
    start(script.replicas, script.common_root);
    for (const Step& step : script.steps) {
      if (broken_ || is_full()) return;
      take(step);
    }
  }

  // ---- Steps.
  void commit(size_t replica, std::span<const Op> ops) {
    Head& head = heads_[replica];
    GraphNode node{.parents = parents_of(head)};
    State state = head.commit ? states_[*head.commit] : type_.initial();
    uint64_t generation = 1;
    if (head.commit) {
      node.events = graph_[*head.commit].events;
      generation = graph_[*head.commit].generation + 1;
    }
    for (const Op& op : ops) {
      Dot dot{generation, replica_id(head.id), kDotsPerOp * (events_.size() + 1)};
      state = type_.apply(state, op, dot);
      events_.push_back({op, dot, node.events});
      node.events.set(events_.size() - 1);
      node.what += (node.what.empty() ? "" : ", ") + std::string(type_.print(op));
    }
    node.replica = name_of(head.id);
    head.commit = add(std::move(node), std::move(state));
  }

  enum class As { canonical, ordinary };
  // What replica `to` would have for a head after merging `from`.
  std::optional<size_t> merged(std::optional<size_t> ours, std::optional<size_t> theirs, As as,
                               const std::string& who) {
    if (!ours || !theirs) return ours ? ours : theirs;
    size_t a = *ours, b = *theirs;
    if (a == b) return a;
    bool mine = graph_.has_ordinary_beyond(a, b), other = graph_.has_ordinary_beyond(b, a);
    if (rules_.at_rest == Rules::AtRest::merges_on) {
      // Only a plain fast-forward is seen.
      mine = !graph_[b].ancestors[a];
      other = !graph_[a].ancestors[b];
    }
    if (!mine || !other) return mine ? a : other ? b : std::min(a, b);
    std::vector<size_t> parents{std::min(a, b), std::max(a, b)};
    if (as == As::canonical) {
      if (auto same = canonical(parents)) return same;
    }
    auto state = merge_states({a}, b);
    if (!state) return ours;
    auto swapped = merge_states({b}, a);
    if (swapped && type_.encode(*swapped) != type_.encode(*state)) {
      fail("merge does not care which side is ours", "merging c" + std::to_string(a) + " and c" +
                                                         std::to_string(b) +
                                                         " gives other bytes the other way round");
    }
    ++merges_;
    return add({.parents = parents,
                .canonical = as == As::canonical,
                .replica = who,
                .what = as == As::canonical ? "merge" : "merge with a message"},
               std::move(*state));
  }

  void pull(size_t to, size_t from, As as = As::canonical) {
    heads_[to].commit = merged(heads_[to].commit, heads_[from].commit, as, name_of(heads_[to].id));
  }

  // Every replica merges what its neighbour had before.
  void ring() {
    std::vector<std::optional<size_t>> before;
    for (const Head& head : heads_) before.push_back(head.commit);
    for (size_t i = 0; i < heads_.size(); ++i) {
      heads_[i].commit =
          merged(before[i], before[(i + 1) % heads_.size()], As::canonical, name_of(heads_[i].id));
    }
  }

  // ---- Laws of a whole history, at its end.
  void check_end();

  const std::optional<Broken>& broken() const { return broken_; }
  const CommitGraph& graph() const { return graph_; }
  const State& state(size_t commit) const { return states_[commit]; }
  uint64_t merges() const { return merges_; }
  uint64_t merges_with_several_bases() const { return several_; }
  size_t replicas() const { return heads_.size(); }
  bool is_full() const {
    return graph_.size() + 40 > kCommitsMax || events_.size() + 4 > kEventsMax;
  }
  std::optional<size_t> head(size_t replica) const { return heads_[replica].commit; }

  // For exhaustive search: back to how things were.
  struct Mark {
    size_t commits, events;
    std::vector<std::optional<size_t>> heads;
    uint64_t merges, several;
  };
  Mark mark() const {
    Mark mark{graph_.size(), events_.size(), {}, merges_, several_};
    for (const Head& head : heads_) mark.heads.push_back(head.commit);
    return mark;
  }
  void back_to(const Mark& mark) {
    graph_.truncate(mark.commits);
    states_.erase(states_.begin() + static_cast<ptrdiff_t>(mark.commits), states_.end());
    encoded_.resize(mark.commits);
    events_.erase(events_.begin() + static_cast<ptrdiff_t>(mark.events), events_.end());
    for (size_t i = 0; i < heads_.size(); ++i) heads_[i].commit = mark.heads[i];
    virtual_.clear();
  }

  // The state of all histories of `set` together.
  Result<State> state_of(const std::vector<size_t>& set);

 private:
  struct Head {
    std::optional<size_t> commit;
    uint64_t id;  // of the replica as a writer
  };

  void take(const Step& step);
  std::vector<size_t> parents_of(const Head& head) const {
    return head.commit ? std::vector<size_t>{*head.commit} : std::vector<size_t>{};
  }
  static std::string name_of(uint64_t id) {
    return id < 26 ? std::string(1, static_cast<char>('A' + id)) : "r" + std::to_string(id);
  }
  static ReplicaId replica_id(uint64_t id) {
    ReplicaId replica;
    // Spread out, so that the order of ids is not the order of birth.
    uint64_t high = mixed(id, 7), low = mixed(id, 8);
    std::memcpy(replica.bytes.data(), &high, 8);
    std::memcpy(replica.bytes.data() + 8, &low, 8);
    return replica;
  }
  std::optional<size_t> canonical(const std::vector<size_t>& parents) const {
    for (size_t i = graph_.size(); i-- > 0;) {
      if (graph_[i].canonical && graph_[i].parents == parents) return i;
    }
    return std::nullopt;
  }

  size_t add(GraphNode node, State state);
  void check_state(size_t commit);
  std::optional<State> merge_states(const std::vector<size_t>& set, size_t commit);
  Result<State> merge_set(const std::vector<size_t>& set, size_t commit);
  void fail(std::string law, std::string detail) {
    if (!broken_) broken_ = Broken{std::move(law), std::move(detail)};
  }
  void check_rest();
  void check_short_cuts();
  void check_octopus();

  const T& type_;
  const Rules rules_;
  CommitGraph graph_;
  std::vector<State> states_;
  std::vector<Bytes> encoded_;
  std::vector<Event<Op>> events_;
  std::vector<Head> heads_;
  std::map<std::vector<size_t>, State> virtual_;
  std::optional<Broken> broken_;
  uint64_t next_replica_ = 0;
  uint64_t merges_ = 0;
  uint64_t several_ = 0;
};

}  // namespace ukstore::laws

#include <ukstore/merge/laws/world_checks.h>
