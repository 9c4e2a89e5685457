#pragma once
// The merge engine: the state of two heads together, at the cost of what changed.
//
// Invariants:
// 1. The state is merged position by position (a position is a key at some depth of the tree), each
//    by the three-way rule on live entries.  A position that only one side changed is taken from
//    it, and subtrees that are equal on both sides, or in the base and a side, are never read.
// 2. With several merge bases a position's base is the merge of what the bases hold there, made by
//    the same rule, recursively, in memory, and only for positions where the bases differ and both
//    sides changed.  It is remembered by set of commits and position.
// 3. Nothing but the states and the graph has a say: no clock, no replica id, no order of
//    iteration, no option.
// 4. A hostile history or state ends in `limit`, not in endless work.

#include <ukstore/merge/graph.h>
#include <ukstore/merge/layout.h>
#include <ukstore/merge/mergeable.h>

#include <unordered_map>

namespace ukstore {

// What one merge may cost.
struct MergeBudget {
  uint64_t steps_max = 100'000'000;  // positions looked at, virtual ones included
  uint64_t depth_max = 4'000;        // of recursion into bases of bases
};

// A position that both sides changed, and how it merged.
struct MergedPosition {
  Bytes path;
  std::optional<Kind> kind;  // of the value that merged; nullopt: the entry at the path itself
  std::string_view rule;     // "writes", "dots", "elements", "type"; "changed" (changed_side.h)
};

class MergeEngine {
 public:
  // Graph and types are borrowed.  New nodes are staged in `arena`, or, if it is null, each merge's
  // in one of its own, which keeps those of both sides.  (Within a transaction it must be the
  // transaction's: arenas that keep each other are never freed.)
  MergeEngine(const MergeGraph& graph, const TypeRegistry& types, MergeBudget budget = {},
              std::shared_ptr<Arena> arena = nullptr)
      : graph_(graph), types_(types), budget_(budget), arena_(std::move(arena)) {}

  // The state of both histories together.  `unsupported` if both sides changed a value of a kind
  // that `types` does not know, `corrupt` for states that no lawful history gives, `limit` if the
  // budget is exhausted.
  Result<Tree> merge(const GraphCommit& ours, const GraphCommit& theirs);
  // The state of the histories of all these commits together: a virtual merge base.
  Result<Tree> state_of(const CommitSet& set, const Tree& empty);
  // The same with the base given.
  Result<Tree> merge_trees(const Tree& base, const Tree& ours, const Tree& theirs);

  // Positions that both sides changed in the last merge, in order.
  const std::vector<MergedPosition>& merged() const { return merged_; }
  // Paths that both sides changed and where the result disagrees, in order.
  const std::vector<Bytes>& conflicts() const { return conflicts_; }
  uint64_t steps() const { return steps_; }

 private:
  using Keys = std::vector<Bytes>;  // a position: the keys from the top of the tree

  // The base of a level: one tree for each commit of the set, or one tree for all.
  struct Base {
    const CommitSet* set = nullptr;  // null: the one tree is the base itself
    std::vector<Tree> trees;
  };
  // One key of a level on all sides.
  struct KeyInput {
    BytesView key;
    std::span<const std::optional<Entry>> base;  // as Base::trees
    std::optional<Entry> ours;
    std::optional<Entry> theirs;
  };
  struct Level {
    Schema schema;
    Kind kind;  // of the value that this is the tree of
    const Base& base;
    const Tree& ours;
    const Tree& theirs;
    const Live* live;  // of the position whose child this is; null at the top
    enum class Headers { agree, differ } headers;  // ours and theirs of that position
  };

  // nullopt: ours stays as it is.
  using MaybeTree = std::optional<Tree>;
  using MaybeEdit = std::optional<Edit>;
  Result<Tree> merge_from(const Base& base, const Tree& ours, const Tree& theirs);
  Result<MaybeTree> merge_level(const Level& level);
  Result<MaybeEdit> merge_key(const Level& level, const KeyInput& in);
  Result<MaybeEdit> merge_step(const Level& level, const KeyInput& in);
  Result<MaybeEdit> merge_value(const Level& level, const KeyInput& in, Kind kind);
  Result<MaybeEdit> merge_element(const Level& level, const KeyInput& in);
  Result<MaybeEdit> merge_inline_dots(const Level& level, const KeyInput& in);
  Result<MaybeEdit> merge_dots(const Level& level, const KeyInput& in);
  Result<MaybeEdit> merge_user(const Level& level, const KeyInput& in, Kind kind);
  Result<MaybeTree> merge_children(const Level& level, const KeyInput& in, Schema schema, Kind kind,
                                   const Live* live);
  Result<Live> merge_live(const Level& level, const KeyInput& in, const Live& ours,
                          const Live& theirs);

  Result<Live> base_live(const Level& level, const KeyInput& in, Schema schema);
  // What a set of commits holds at a position.
  Result<Live> live_of(const CommitSet& set, const Keys& keys, Schema schema, Kind kind);
  Result<std::optional<Bytes>> user_of(const CommitSet& set, const Keys& keys, Kind kind);
  Result<std::optional<Bytes>> merge_bytes(Kind kind, const std::optional<Bytes>& base,
                                           const std::optional<Bytes>& ours,
                                           const std::optional<Bytes>& theirs);
  // The level above a position in one commit, and the entry there.
  struct Found {
    Tree tree;
    std::optional<Entry> entry;
  };
  Result<Found> find(const GraphCommit& commit, const Keys& keys);
  Result<const CommitSet*> bases(const CommitSet& set, const GraphCommit& commit);

  Result<void> step();
  Bytes path() const;
  void note(std::optional<Kind> kind, std::string_view rule);

  const MergeGraph& graph_;
  const TypeRegistry& types_;
  const MergeBudget budget_;
  const std::shared_ptr<Arena> arena_;
  uint64_t steps_ = 0;
  uint64_t depth_ = 0;
  Keys keys_;  // where the merge stands
  std::vector<MergedPosition> merged_;
  std::vector<Bytes> conflicts_;
  std::unordered_map<Bytes, CommitSet> bases_;
  std::unordered_map<Bytes, Live> lives_;
  std::unordered_map<Bytes, std::optional<Bytes>> users_;
  std::unordered_map<Bytes, Tree> trees_;  // of commits, by name
};

}  // namespace ukstore
