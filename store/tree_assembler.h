#pragma once
// Builds a tree from entries and from whole nodes of other trees, in rising order of keys.
//
// A whole node may be taken where nothing is open at its level and below: it starts there as it did
// in its own tree, so what it holds would be cut the same way, up to its end.  That it ends where a
// boundary lies is for the caller to know: the last node of a level in its tree may not.

#include <ukstore/store/tree_edit.h>

#include <array>
#include <deque>

namespace ukstore {

class TreeAssembler {
 public:
  // `editor` is borrowed and stages what is made.
  explicit TreeAssembler(TreeEditor& editor) : editor_(editor) {}

  void add(BytesView key, const LeafEntry& entry);
  // Whether a whole node of `level` may come next.  Something must come next.
  bool takes(uint8_t level);
  void add_node(uint8_t level, BytesView last_key, const ObjectRef& node, NodeTotals totals);
  // The same for a child in the place of the one at `index` of `parent`, with its key.
  void add_child(const NodeView& parent, uint32_t index, const ObjectRef& node, NodeTotals totals);
  Result<BuiltTree> finish();

  // A node of another tree that may come out again, whole or with new children: then less is made
  // anew.  It stays in place.  The newest of each source and level counts.
  static constexpr size_t kSources = 2;
  void offer(size_t source, const NodeView& node, const ObjectRef& ref);

 private:
  struct Offer {
    NodeView node;
    ObjectRef ref;
  };
  using Offers = std::array<Offer, kSources>;

  NodeCutter& level(uint8_t number);
  InnerBuilder& inner(uint8_t number);
  void add_inner(uint8_t number, BytesView key, const ObjectRef& node, NodeTotals totals);
  // After an entry came to a level: hands finished nodes to the one above, but keeps the newest
  // back, as it may be the only one.
  void pump(uint8_t number);
  void pass_up(uint8_t number);
  void pass_all_up(uint8_t number);
  void recognise(uint8_t number);

  TreeEditor& editor_;
  LeafBuilder leaves_;
  std::deque<InnerBuilder> inner_;  // the first is level 1
  std::deque<Offers> offers_;       // by level
};

}  // namespace ukstore
