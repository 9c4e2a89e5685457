#pragma once
// Where a three-way merge stands in one of its trees.

#include <ukstore/store/tree_cursor.h>

namespace ukstore {

// The keys of a leaf one after another, and where each ends.
struct LeafKeys {
  const char* bytes = nullptr;
  const uint32_t* ends = nullptr;

  BytesView operator[](uint32_t i) const {
    const uint32_t begin = i == 0 ? 0 : ends[i - 1];
    return {bytes + begin, ends[i] - begin};
  }
};

// One of the trees.  Before each step all that was merged so far lies behind all cursors, and
// everything else in front of them.
class MergeSide {
 public:
  MergeSide(const ObjectStore& objects, const NodeView& root) : cursor_(objects, root) {}

  bool at_end() const { return cursor_.at_end(); }
  int level() const { return at_end() ? -1 : cursor_.level(); }
  const TreeCursor& cursor() const { return cursor_; }
  // The key of the entry in front, or the last key of the subtree; until the next step.
  BytesView key() {
    const NodeView& node = cursor_.node();
    if (!node.is_leaf()) {
      last_key_.clear();
      node.append_key(cursor_.index(), last_key_);
      return last_key_;
    }
    if (node.object().bytes.data() != keys_of_) {
      keys_of_ = node.object().bytes.data();
      node.copy_keys(keys_, ends_);
    }
    return leaf_keys()[cursor_.index()];
  }
  // All of them, once `key` was called in the leaf.
  LeafKeys leaf_keys() const { return {keys_.data(), ends_.data()}; }
  ObjectRef child() const { return cursor_.node().child(cursor_.index()); }
  // Whether a subtree of the same name stands in front of both.
  bool same_subtree(const MergeSide& other) const {
    return level() > 0 && level() == other.level() && same_name(other);
  }
  // Whether the entry in front is equal to the other's.
  bool same_value(const MergeSide& other) const { return cursor_.value() == other.cursor_.value(); }

  Result<void> enter() { return cursor_.enter(); }
  void skip() { cursor_.skip(); }
  void skip_subtrees(uint32_t count) { cursor_.skip_subtrees(count); }
  // Goes behind `last`, the last key of a subtree that was merged.
  Result<void> pass(BytesView last) {
    while (!at_end()) {
      int order = key().compare(last);
      if (order <= 0) {
        skip();
        if (order == 0) return {};
      } else if (level() == 0) {
        return {};
      } else if (auto ok = enter(); !ok) {
        return ok;
      }
    }
    return {};
  }

 private:
  bool same_name(const MergeSide& other) const {
    return cursor_.node().hash(cursor_.index()) == other.cursor_.node().hash(other.cursor_.index());
  }
  TreeCursor cursor_;
  Bytes last_key_;
  // All keys of the leaf that it stands in, one after another, and where each ends.
  const char* keys_of_ = nullptr;
  Bytes keys_;
  std::vector<uint32_t> ends_;
};

// The entries of a leaf from where a side stands, without moving it.
struct LeafRun {
  explicit LeafRun(MergeSide& side) : node(&side.cursor().node()), first(side.cursor().index()) {
    side.key();
    keys = side.leaf_keys();
    i = first;
    end = node->count();
  }
  bool has_more() const { return i + 1 < end; }
  BytesView value() const { return node->value(i); }
  Entry entry() const { return decode_value(value(), node->object(), 0); }

  const NodeView* node = nullptr;
  LeafKeys keys;
  uint32_t first = 0, i = 0, end = 0;
};

}  // namespace ukstore
