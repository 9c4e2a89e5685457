#pragma once
// How a batch of edits becomes a new tree.
//
// Level by level: the touched nodes of the old level are merged with the edits and cut anew, going
// on into the next old node until a new node ends where an old one did.  From there on old and new
// are equal until the next edit.  What was rewritten becomes edits of the level above (old last
// keys out, new ones in), which is just another ordered map.  So the cost is what the edits touch,
// and the result depends on the contents alone.

#include <ukstore/store/level_builder.h>
#include <ukstore/store/tree_access.h>
#include <ukstore/store/value.h>

#include <unordered_map>

namespace ukstore {

// A finished tree: one small leaf that nobody has named yet, or a named root.
struct BuiltTree {
  NodeTotals totals;
  Bytes small;                // the bytes of a leaf, if it may be embedded
  std::vector<Address> side;  // the objects it names
  ObjectRef root;             // else
  bool changed = true;        // false: the tree is the old one (and the rest is not filled in)

  bool is_small() const { return !small.empty(); }
};

class TreeEditor {
 public:
  TreeEditor(const ObjectStore& objects, std::shared_ptr<Arena> arena)
      : objects_(objects), arena_(std::move(arena)) {}

  // The tree at `old` with the edits made, which are sorted and unique (else `invalid`).  Children
  // are edited before their parents, without recursion: paths may be as long as the limits allow.
  Result<BuiltTree> apply(const NodeView& old, std::span<const Edit> edits);

  // Names the nodes of the lowest level of a tree that has no more than these, and builds what
  // stands above.
  Result<BuiltTree> raise(uint8_t level, std::deque<BuiltNode>& nodes);
  ChildNode stage(ObjectKind kind, BuiltNode node);
  ObjectRef stage(ObjectKind kind, BytesView bytes, std::span<const Address> side) {
    return arena_->add(kind, bytes, side);
  }
  // A finished tree as an object, whatever its size; and as a tree that is edited on in the arena.
  ObjectRef name(const BuiltTree& tree);
  Result<Tree> load(const BuiltTree& tree);

  // A value on its way into a leaf: what an edit makes of an entry.
  struct NewValue {
    bool present = false;
    Bytes bytes;
    std::vector<Address> side;
    uint64_t logical_bytes = 0;
  };
  Result<NewValue> resolve(const Edit& edit, const std::optional<Entry>& old);

 private:
  struct Removed {  // a node of the old level that was merged away
    Bytes last_key;
    Hash hash;
  };
  struct LevelChange {
    std::vector<Removed> removed;
    std::deque<BuiltNode> built;
  };
  struct InnerEdit {
    Bytes key;
    std::optional<ChildNode> child;  // nullopt: the key goes
  };

  Result<BuiltTree> one_entry(const Edit& edit);
  // The same where the children that are edited are in `below_`.
  Result<BuiltTree> apply_here(const NodeView& old, std::span<const Edit> edits);
  // The child tree of an entry; the empty one if there is none.
  Result<NodeView> child_before(const std::optional<Entry>& old) const;
  // What becomes of it by an edit: out of `below_` if it is there, made now if not.
  Result<BuiltTree> child_after(const Edit& edit, const std::optional<Entry>& old);
  Result<LevelChange> rewrite_leaves(const NodeView& root, std::span<const Edit> edits);
  Result<LevelChange> rewrite_inner(const NodeView& root, uint8_t level,
                                    const std::vector<InnerEdit>& edits);
  template <class Source>
  Result<LevelChange> rewrite(const NodeView& root, uint8_t level, Source& source);
  std::vector<InnerEdit> edits_above(uint8_t level, LevelChange change);
  Result<void> resolve_child(const Edit& edit, const std::optional<Entry>& old, ValueParts& parts,
                             NewValue& value);
  Result<BuiltTree> collapse(ChildNode root);

  friend struct LeafSource;
  friend struct InnerSource;

  const ObjectStore& objects_;
  std::shared_ptr<Arena> arena_;
  std::unordered_map<const Edit*, BuiltTree> below_;  // what became of children
  Bytes embedded_;  // keeps the bytes of a child that is being embedded
};

}  // namespace ukstore
