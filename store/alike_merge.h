#pragma once
// The three-way merge of nodes that hold the same keys in all trees: what most nodes near a change
// look like.
//
// Such a node is not cut anew: the merge is a copy of ours with other values, or other children, in
// their places.  So it is as long as each of its leaves still ends where it did, which depends on
// the sizes of its values.  That is found out for the whole node before anything is made.

#include <ukstore/store/tree_edit.h>

namespace ukstore {

class AlikeMerger {
 public:
  // What is new is staged by `editor`; both are borrowed.
  AlikeMerger(const ObjectStore& objects, TreeEditor& editor)
      : objects_(objects), editor_(editor) {}

  // A node below an inner one on all sides.
  struct Place {
    ObjectRef base, ours, theirs;
    NodeTotals totals;  // of ours
  };
  struct Merged {
    ObjectRef node;
    NodeTotals totals;
  };
  // The merge of three different nodes of `level` 0 or 1, none of which is the last of its level.
  // nullopt if keys differ, if some entry is different on all sides, or if the merge is not one
  // node that ends with the same key: then nothing was made.
  Result<std::optional<Merged>> merge(const Place& place, uint8_t level);

 private:
  // A leaf that is to be made, of the values and addresses in values_ and sides_ from here on.
  struct Leaf {
    uint32_t index = 0;  // in its parent
    NodeView keys;       // a leaf with the same keys
    size_t values_from = 0;
    size_t sides_from = 0, sides = 0;
    std::optional<ObjectRef> known{};  // where a leaf of these values is already
    NodeTotals totals;
  };
  struct TakenChild {  // from theirs
    uint32_t index;
    ObjectRef ref;
    NodeTotals totals;
  };
  // Whose values a leaf holds; nowhere: it cannot be made this way.
  enum class From { ours, theirs, both, nowhere };

  Result<NodeView> load(const ObjectRef& ref, uint8_t level);
  // Plan what a node becomes; false if it cannot be made this way.
  Result<bool> plan_inner(const Place& place);
  Result<bool> plan_leaf(uint32_t index, const Place& place);
  From choose_values(const NodeView& base, const NodeView& ours, const NodeView& theirs,
                     Leaf& leaf);
  ObjectRef make_leaf(const Leaf& leaf);
  ObjectRef make_inner(const Place& place);

  const ObjectStore& objects_;
  TreeEditor& editor_;
  // The plan.
  NodeView ours_, theirs_;  // the inner node
  NodeTotals totals_;
  std::vector<Leaf> leaves_;
  std::vector<TakenChild> taken_;
  std::vector<BytesView> values_;
  std::vector<Address> sides_;
  // Reused.
  Bytes bytes_, inner_, key_;
  std::vector<Address> addresses_;
};

}  // namespace ukstore
