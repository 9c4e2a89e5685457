#pragma once
// What tests and fuzzers of foreign states share: a graph without commits, a type of a program's
// own, and trees that something has damaged.

#include <ukstore/merge/engine.h>
#include <ukstore/merge/types/codec.h>

#include <cstdlib>
#include <functional>
#include <map>

namespace ukstore::tests {

// For merges whose base is given.
struct NoGraph final : MergeGraph {
  Result<Tree> tree(const GraphCommit&) const override { std::abort(); }
  Result<std::vector<GraphCommit>> bases(const GraphCommit&, const GraphCommit&) const override {
    std::abort();
  }
  Result<bool> is_ancestor(const GraphCommit&, const GraphCommit&) const override { std::abort(); }
  Result<bool> has_ordinary_beyond(const GraphCommit&, const GraphCommit&) const override {
    std::abort();
  }
};

struct Max {
  static constexpr Kind kind = Kind{128};
  static constexpr std::string_view name = "max";
  using State = uint64_t;
  using Op = uint64_t;
  static State initial() { return 0; }
  static State apply(const State& state, const Op& op, const Dot&) { return std::max(state, op); }
  static Result<State> merge(const State&, const State& ours, const State& theirs) {
    return std::max(ours, theirs);
  }
  static Bytes encode(const State& state) { return Codec<uint64_t>::encode(state); }
  static Result<State> decode(BytesView bytes) { return Codec<uint64_t>::decode(bytes); }
};

template <class T>
T sure(Result<T> result) {
  if (!result) std::abort();
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Copies trees and damages, one time in `chance`, each key, kind, payload and child on the way.
class Damage {
 public:
  // Numbers decide; a row of zeros damages nothing.
  using Numbers = std::function<uint64_t()>;
  Damage(Numbers numbers, uint64_t chance) : next_(std::move(numbers)), chance_(chance) {}

  Tree of(const Tree& tree) {
    std::map<Bytes, Edit> edits;
    sure(tree.scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
      Edit edit{.key = hits() ? damaged(Bytes(key)) : Bytes(key)};
      if (edit.key.empty()) edit.key = Bytes(key);
      edit.payload = Edit::Part::set;
      edit.kind = hits() ? static_cast<uint8_t>(next_()) : entry.kind;
      Bytes payload = sure(tree.read(entry));
      edit.new_payload = hits() ? damaged(payload) : payload;
      if (!entry.has_payload()) edit.payload = Edit::Part::keep;
      if (entry.has_child() && !(hits() && entry.has_payload())) {
        edit.child = Edit::Part::set;
        edit.new_child = std::make_shared<Tree>(of(sure(tree.child(entry))));
      }
      edits.insert_or_assign(edit.key, std::move(edit));
      return Flow::go_on;
    }));
    std::vector<Edit> sorted;
    for (auto& [key, edit] : edits) sorted.push_back(std::move(edit));
    return sure(Tree(tree.objects()).apply(sorted));
  }

 private:
  bool hits() { return next_() % chance_ == chance_ - 1; }
  Bytes damaged(Bytes bytes) {
    switch (next_() % 4) {
      case 0:
        bytes.resize(next_() % (bytes.size() + 1));
        return bytes;
      case 1:
        bytes.push_back(static_cast<char>(next_()));
        return bytes.size() < 400 ? bytes : Bytes("x");
      default:
        if (!bytes.empty()) bytes[next_() % bytes.size()] ^= static_cast<char>(next_() | 1);
        return bytes;
    }
  }
  const Numbers next_;
  const uint64_t chance_;
};

}  // namespace ukstore::tests
