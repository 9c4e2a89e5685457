#pragma once
// Wrong merges, each published or shipped by someone, and the specifications that they break.

#include <ukstore/merge/laws.h>

#include <set>

namespace ukstore::tests {

using laws::History;
using laws::Random;

inline void append_number(Bytes& to, int64_t value) {
  append_le<uint64_t>(to, static_cast<uint64_t>(value));
}
inline int64_t take_number(BytesView& from) {
  auto value = static_cast<int64_t>(load_le<uint64_t>(from.data()));
  from.remove_prefix(8);
  return value;
}

// ---- Sets of small numbers: add and remove.
struct SetOp {
  bool adds;
  int element;
};

struct SetWorld {
  using Op = SetOp;
  using View = std::set<int>;
  static Op random_op(Random& random) {
    return {random() % 3 != 0, static_cast<int>(random() % 3)};
  }
  static std::string print(const Op& op) {
    return (op.adds ? "add " : "remove ") + std::to_string(op.element);
  }
  static std::vector<Op> small_ops() { return {{true, 0}, {false, 0}}; }
  // Add wins: an element is in iff some addition of it was seen by no removal of it.
  static View spec(const History<Op>& history) {
    View view;
    for (size_t i = 0; i < history.size(); ++i) {
      if (!history.op(i).adds) continue;
      bool removed = false;
      for (size_t j = i + 1; j < history.size() && !removed; ++j) {
        const Op& op = history.op(j);
        removed = !op.adds && op.element == history.op(i).element && history.sees(j, i);
      }
      if (!removed) view.insert(history.op(i).element);
    }
    return view;
  }
};

// Three-way on elements (Irmin's Merge.Set).
struct PlainSet : SetWorld {
  static constexpr Kind kind = Kind{200};
  static constexpr std::string_view name = "plain set";
  using State = std::set<int>;
  static State initial() { return {}; }
  static State apply(State state, const Op& op, const Dot&) {
    if (op.adds) {
      state.insert(op.element);
    } else {
      state.erase(op.element);
    }
    return state;
  }
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    State merged;
    for (int e = 0; e < 3; ++e) {
      bool l = base.contains(e), a = ours.contains(e), b = theirs.contains(e);
      if ((a && b) || (a && !l) || (b && !l)) merged.insert(e);
    }
    return merged;
  }
  static Bytes encode(const State& state) {
    Bytes bytes;
    for (int e : state) append_number(bytes, e);
    return bytes;
  }
  static Result<State> decode(BytesView bytes) {
    State state;
    while (!bytes.empty()) state.insert(static_cast<int>(take_number(bytes)));
    return state;
  }
  static View view(const State& state) { return state; }
};

// One dot for each element, the larger one kept (orset_space of PLDI 2022).
struct OneDotSet : SetWorld {
  static constexpr Kind kind = Kind{201};
  static constexpr std::string_view name = "one dot per element";
  using State = std::map<int, Dot>;
  static State initial() { return {}; }
  static State apply(State state, const Op& op, const Dot& dot) {
    if (op.adds) {
      state[op.element] = dot;
    } else {
      state.erase(op.element);
    }
    return state;
  }
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    State merged;
    auto at = [](const State& state, int e) {
      auto found = state.find(e);
      return found == state.end() ? std::nullopt : std::optional(found->second);
    };
    for (int e = 0; e < 3; ++e) {
      auto l = at(base, e), a = at(ours, e), b = at(theirs, e);
      std::optional<Dot> kept;
      if (a == b) {
        kept = a;
      } else {
        if (a && a != l) kept = a;
        if (b && b != l) kept = kept ? std::max(*kept, *b) : *b;
      }
      if (kept) merged[e] = *kept;
    }
    return merged;
  }
  static Bytes encode(const State& state) {
    Bytes bytes;
    for (const auto& [e, dot] : state) {
      append_number(bytes, e);
      append_dot(bytes, dot);
    }
    return bytes;
  }
  static Result<State> decode(BytesView bytes) {
    State state;
    while (!bytes.empty()) {
      int e = static_cast<int>(take_number(bytes));
      state[e] = *take_dot(bytes);
    }
    return state;
  }
  static View view(const State& state) {
    View view;
    for (const auto& [e, dot] : state) view.insert(e);
    return view;
  }
};

// ---- Lists of numbers: logs and queues.  A number is its operation's own.
struct ListWorld {
  using State = std::vector<int64_t>;
  using View = State;
  static State initial() { return {}; }
  static Bytes encode(const State& state) {
    Bytes bytes;
    for (int64_t e : state) append_number(bytes, e);
    return bytes;
  }
  static Result<State> decode(BytesView bytes) {
    State state;
    while (!bytes.empty()) state.push_back(take_number(bytes));
    return state;
  }
  static View view(const State& state) { return state; }
};

struct LogOp {
  int64_t time;  // what the writer's clock says
};
struct LogWorld : ListWorld {
  using Op = LogOp;
  static Op random_op(Random& random) { return {static_cast<int64_t>(random() % 1000)}; }
  static std::string print(const Op& op) { return "append at " + std::to_string(op.time); }
  static std::vector<Op> small_ops() { return {{1}, {2}}; }
  // Every entry once; in which order is not asked here.
  static View spec(const History<Op>& history) {
    View view;
    for (size_t i = 0; i < history.size(); ++i)
      view.push_back(entry(history.op(i), history.dot(i)));
    std::ranges::sort(view);
    return view;
  }
  static View view(State state) {
    std::ranges::sort(state);
    return state;
  }
  static int64_t entry(const Op& op, const Dot& dot) {
    return op.time * 100'000 + static_cast<int64_t>(dot.number);
  }
  static State apply(State state, const Op& op, const Dot& dot) {
    state.push_back(entry(op, dot));
    return state;
  }
};

// Takes from each side what is newer than the newest entry of the base (Irmin's Blob_log).
struct BlobLog : LogWorld {
  static constexpr Kind kind = Kind{202};
  static constexpr std::string_view name = "blob log";
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    int64_t newest = base.empty() ? -1 : std::ranges::max(base);
    std::set<int64_t> fresh;
    for (int64_t e : ours) {
      if (e > newest) fresh.insert(e);
    }
    for (int64_t e : theirs) {
      if (e > newest) fresh.insert(e);
    }
    State merged = base;
    merged.insert(merged.end(), fresh.begin(), fresh.end());
    return merged;
  }
};

// Chains what each side has behind the length of the base (Irmin's Linked_log).
struct LinkedLog : LogWorld {
  static constexpr Kind kind = Kind{203};
  static constexpr std::string_view name = "linked log";
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    State merged = base, fresh;
    for (size_t i = base.size(); i < ours.size(); ++i) fresh.push_back(ours[i]);
    for (size_t i = base.size(); i < theirs.size(); ++i) fresh.push_back(theirs[i]);
    std::ranges::sort(fresh);
    merged.insert(merged.end(), fresh.begin(), fresh.end());
    return merged;
  }
};

struct QueueOp {
  bool pushes;
};
// Drops what the other side popped, then our new pushes, then theirs.
struct PositionalQueue : ListWorld {
  static constexpr Kind kind = Kind{204};
  static constexpr std::string_view name = "positional queue";
  using Op = QueueOp;
  static Op random_op(Random& random) { return {random() % 3 != 0}; }
  static std::string print(const Op& op) { return op.pushes ? "push" : "pop"; }
  static std::vector<Op> small_ops() { return {{true}, {false}}; }
  static State apply(State state, const Op& op, const Dot& dot) {
    if (op.pushes) {
      state.push_back(static_cast<int64_t>(dot.number));
    } else if (!state.empty()) {
      state.erase(state.begin());
    }
    return state;
  }
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    auto in = [](const State& state, int64_t e) { return std::ranges::count(state, e) > 0; };
    State merged;
    for (int64_t e : base) {
      if (in(ours, e) && in(theirs, e)) merged.push_back(e);
    }
    for (int64_t e : ours) {
      if (!in(base, e)) merged.push_back(e);
    }
    for (int64_t e : theirs) {
      if (!in(base, e) && !in(ours, e)) merged.push_back(e);
    }
    return merged;
  }
  // No order is asked for, only that replicas agree on one.
  static View view(const State&) { return {}; }
  static View spec(const History<Op>&) { return {}; }
};

// ---- Counters.
struct AddOp {
  int64_t amount;
};
struct CounterWorld {
  using State = int64_t;
  using View = int64_t;
  using Op = AddOp;
  static State initial() { return 0; }
  static Op random_op(Random& random) { return {static_cast<int64_t>(random() % 5) - 2}; }
  static std::string print(const Op& op) { return "add " + std::to_string(op.amount); }
  static std::vector<Op> small_ops() { return {{1}, {-1}}; }
  static Bytes encode(const State& state) {
    Bytes bytes;
    append_number(bytes, state);
    return bytes;
  }
  static Result<State> decode(BytesView bytes) { return take_number(bytes); }
  static View view(const State& state) { return state; }
};

// A number that is never below 0: a + b - l, clamped.
struct ClampedCounter : CounterWorld {
  static constexpr Kind kind = Kind{205};
  static constexpr std::string_view name = "clamped counter";
  static State apply(const State& state, const Op& op, const Dot&) {
    return std::max<int64_t>(0, state + op.amount);
  }
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    return std::max<int64_t>(0, ours + theirs - base);
  }
  // An amount counts as far as its writer's value let it.
  static View spec(const History<Op>& history) {
    std::vector<int64_t> counted;
    View sum = 0;
    for (size_t i = 0; i < history.size(); ++i) {
      int64_t seen = 0;
      for (size_t j = 0; j < i; ++j) seen += history.sees(i, j) ? counted[j] : 0;
      counted.push_back(std::max(history.op(i).amount, -std::max<int64_t>(0, seen)));
      sum += counted.back();
    }
    return std::max<int64_t>(0, sum);
  }
};

// a + b - l, with the short cut for equal sides: from 5, two additions of 1 give 6 and 6.
struct ShortCutCounter : CounterWorld {
  static constexpr Kind kind = Kind{206};
  static constexpr std::string_view name = "short-cut counter";
  static State apply(const State& state, const Op& op, const Dot&) { return state + op.amount; }
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    if (ours == theirs) return ours;
    return ours + theirs - base;
  }
  static View spec(const History<Op>& history) {
    View sum = 0;
    for (size_t i = 0; i < history.size(); ++i) sum += history.op(i).amount;
    return sum;
  }
};

// ---- A flag as (count of enablings, on or off) (PaPoC 2021).
struct PairFlag {
  static constexpr Kind kind = Kind{207};
  static constexpr std::string_view name = "divergent flag";
  struct State {
    int64_t count = 0;
    bool on = false;
  };
  struct Op {
    bool enables;
  };
  using View = bool;
  static State initial() { return {}; }
  static State apply(const State& state, const Op& op, const Dot&) {
    return op.enables ? State{state.count + 1, true} : State{state.count, false};
  }
  static Result<State> merge(const State& base, const State& ours, const State& theirs) {
    bool on = ours.on;
    if (ours.on != theirs.on) on = (ours.on ? ours.count : theirs.count) > base.count;
    return State{ours.count + theirs.count - base.count, on};
  }
  static Bytes encode(const State& state) {
    Bytes bytes;
    append_number(bytes, state.count);
    append_number(bytes, state.on);
    return bytes;
  }
  static Result<State> decode(BytesView bytes) {
    State state;
    state.count = take_number(bytes);
    state.on = take_number(bytes) != 0;
    return state;
  }
  static View view(const State& state) { return state.on; }
  static View spec(const History<Op>& history) {
    for (size_t i = 0; i < history.size(); ++i) {
      bool seen = !history.op(i).enables;
      for (size_t j = i + 1; j < history.size() && !seen; ++j) {
        seen = !history.op(j).enables && history.sees(j, i);
      }
      if (!seen) return true;
    }
    return false;
  }
  static Op random_op(Random& random) { return {random() % 2 == 0}; }
  static std::string print(const Op& op) { return op.enables ? "enable" : "disable"; }
  static std::vector<Op> small_ops() { return {{true}, {false}}; }
};

}  // namespace ukstore::tests
