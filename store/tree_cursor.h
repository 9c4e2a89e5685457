#pragma once
// A place between the entries of a tree, at any level: what scans and diffs walk with.

#include <ukstore/store/tree_access.h>
#include <ukstore/store/value.h>

#include <algorithm>

namespace ukstore {

// Moves forward over a tree.  It stands in front of an *item*: an entry of a leaf, or a whole
// subtree whose node has not been loaded.  A subtree is entered or skipped, so what is skipped
// costs nothing.
class TreeCursor {
 public:
  // In front of the first item of the root node.
  TreeCursor(const ObjectStore& objects, const NodeView& root) : objects_(&objects) {
    if (root.count() > 0) frames_.push_back({root, 0, 0});
  }

  bool at_end() const { return frames_.empty(); }
  // 0: an entry; n: a subtree whose root is of level n - 1.
  uint8_t level() const { return frames_.back().node.level(); }
  const NodeView& node() const { return frames_.back().node; }
  uint32_t index() const { return frames_.back().index; }
  // The entry in front, which must be one.
  Entry entry() const {
    const Frame& frame = frames_.back();
    return decode_value(frame.node.value(frame.index), frame.node.object(), frame.side);
  }
  Bytes key() const { return node().key(index()); }
  // How many objects the values before it in its leaf name.
  uint32_t side_index() const { return frames_.back().side; }
  // The bytes of its value.
  BytesView value() const { return node().value(index()); }

  // Enters the subtree in front.
  Result<void> enter();
  // Enters until an entry is in front.
  Result<void> enter_to_entry();
  // Goes behind the item in front, or the next `count` subtrees of its node.
  void skip() {
    Frame& frame = frames_.back();
    if (frame.node.is_leaf() && frame.node.object().side_count > 0) {
      frame.side += side_count(frame.node.value(frame.index));
    }
    if (frame.index + 1 < frame.node.count()) {
      ++frame.index;
    } else {
      skip_subtrees(1);
    }
  }
  void skip_subtrees(uint32_t count);
  // The item in front, to find out when the cursor has gone behind it.
  struct Place {
    size_t depth;
    uint32_t index;
  };
  Place place() const { return {frames_.size(), index()}; }
  bool is_behind(const Place& place) const {
    return frames_.size() < place.depth ||
           (frames_.size() == place.depth && index() != place.index);
  }
  // Whether nothing follows the item in front.
  bool is_last() const {
    return std::ranges::all_of(
        frames_, [](const Frame& frame) { return frame.index + 1 == frame.node.count(); });
  }
  // Goes in front of the first entry not below `key`, from the start of the tree.
  Result<void> seek(BytesView key);

 private:
  struct Frame {
    NodeView node;
    uint32_t index;
    uint32_t side;  // objects that the values before `index` name
  };
  const ObjectStore* objects_;
  std::vector<Frame> frames_;
};

}  // namespace ukstore
