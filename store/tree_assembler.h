#pragma once
// Builds a tree from entries and from whole nodes of other trees, in rising order of keys.
//
// A whole node may be taken where nothing is open at its level and below: it starts there as it did
// in its own tree, so what it holds would be cut the same way, up to its end.  That it ends where a
// boundary lies is for the caller to know: the last node of a level in its tree may not.

#include <ukstore/store/tree_edit.h>

#include <deque>

namespace ukstore {

class TreeAssembler {
 public:
  // `editor` is borrowed and stages what is made.
  explicit TreeAssembler(TreeEditor& editor) : editor_(editor) {}

  void add(BytesView key, const LeafEntry& entry);
  // Whether a whole node of `level` may come next.
  bool takes(uint8_t level) const;
  void add_node(uint8_t level, BytesView last_key, const ObjectRef& node, NodeTotals totals);
  Result<BuiltTree> finish();

  // A node that may come out again, as it stands in another tree: then that one is taken and none
  // is made.  Each source's newest of a level counts.
  static constexpr size_t kSources = 2;
  void offer(size_t source, const NodeView& node, const ObjectRef& ref);

 private:
  struct Offer {
    BytesView bytes;
    ObjectRef ref;
  };
  struct Level {
    explicit Level(uint8_t number) : builder(number) {}
    LevelBuilder builder;
    std::array<Offer, kSources> offers{};
  };
  Level& level(uint8_t number);
  // After an entry came to a level: hands finished nodes to the one above, but keeps the newest
  // back, as it may be the only one.
  void pump(uint8_t number);
  void pass_up(uint8_t number);
  void recognise(Level& level);

  TreeEditor& editor_;
  std::deque<Level> levels_;
};

}  // namespace ukstore
