#pragma once
// What the files of the tree share and its users do not see.

#include <ukstore/store/node.h>
#include <ukstore/store/tree.h>

#include <vector>

namespace ukstore {

class TreeAccess {
 public:
  static NodeView root_node(const Tree& tree) { return NodeView(tree.node_); }
  static bool is_embedded(const Tree& tree) { return tree.ref_ == ObjectRef{}; }
  static const ObjectRef& ref(const Tree& tree) { return tree.ref_; }
  // A tree on a node that is in place; `ref` is empty if the node is embedded in another.
  static Tree on_node(const ObjectStore& objects, std::shared_ptr<Arena> arena,
                      const ObjectView& node, const ObjectRef& ref) {
    Tree tree(objects);
    tree.arena_ = std::move(arena);
    tree.node_ = node;
    tree.ref_ = ref;
    NodeTotals sum = totals(NodeView(node));
    tree.count_ = sum.count;
    tree.bytes_ = sum.bytes;
    return tree;
  }
  static const std::shared_ptr<Arena>& arena_or_null(const Tree& tree) { return tree.arena_; }
};

// The deepest tree that the rules allow is far shallower; a deeper one is corrupt.
constexpr int kTreeHeightMax = 32;

// A place on one level of a tree: a node, and the way to it from the root.
class NodeCursor {
 public:
  NodeCursor(const ObjectStore& objects, const NodeView& root) : objects_(&objects), root_(root) {}

  // Goes to the node of `level` that would hold `key`: the first whose last key is not below it,
  // else the last node.  The tree must be at least that high.
  Result<void> seek(uint8_t level, BytesView key);
  // Goes to the next node of the level; there must be one.
  Result<void> next();
  bool is_last() const;
  const NodeView& node() const { return node_; }
  // The name of the node; empty for the root.
  ObjectRef ref() const {
    return frames_.empty() ? ObjectRef{} : frames_.back().node.child(frames_.back().index);
  }

 private:
  struct Frame {
    NodeView node;
    uint32_t index = 0;
  };
  Frame& top() { return frames_.back(); }
  Result<void> descend();

  const ObjectStore* objects_;
  NodeView root_;
  NodeView node_;
  std::vector<Frame> frames_;
};

// Loads a child and checks that it is a node of the level below its parent.
Result<NodeView> load_child(const ObjectStore& objects, const NodeView& parent, uint32_t i);

// The entry of `key` below a node of any level.
Result<std::optional<Entry>> find_below(const ObjectStore& objects, NodeView node, BytesView key);
// The root node of the child that an entry has.
Result<NodeView> child_node(const ObjectStore& objects, const Entry& entry);

}  // namespace ukstore
