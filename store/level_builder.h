#pragma once
// Cuts one level of a tree into nodes: entries in, encoded nodes out.

#include <ukstore/store/boundary.h>
#include <ukstore/store/node.h>

#include <deque>
#include <memory_resource>

namespace ukstore {

// A node that is encoded but has no name yet: the caller stages it, or embeds it.
struct BuiltNode {
  Bytes last_key;
  Bytes bytes;
  std::vector<Address> side;
  NodeTotals totals;
  std::optional<ObjectRef> known{};  // where the same node is already
};

// A child for the level above: a node that has a name.
struct ChildNode {
  Bytes last_key;
  ObjectRef ref;
  NodeTotals totals;
};

// One entry of a leaf on its way in: its value, the objects the value names, and its logical bytes
// without the key.
struct LeafEntry {
  BytesView value;
  std::span<const Address> side;
  uint64_t logical_bytes = 0;
};

// What the levels are cut with alike: copied keys, the count of bytes, and finished nodes.
class NodeCutter {
 public:
  // Whether the last entry ended a node (or there was none): the next one starts a node.
  bool at_node_start() const { return counted_bytes_ == 0; }
  // The nodes so far; the caller may take them out.
  std::deque<BuiltNode>& built() { return built_; }

 protected:
  static constexpr size_t kUsualEntries = 48;

  explicit NodeCutter(uint8_t level) : level_(level) { side_.reserve(kUsualEntries); }

  BytesView keep(BytesView bytes) {
    if (bytes.empty()) return {};
    char* copy = static_cast<char*>(pool_.allocate(bytes.size(), 1));
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
  }
  // Whether the node ends behind an entry that adds `counted` bytes to it.
  bool ends_behind(BytesView key, uint64_t counted) {
    uint64_t before = counted_bytes_;
    counted_bytes_ += counted;
    return is_boundary(boundary_hash(level_, key), before, counted_bytes_);
  }
  void push(Bytes last_key, Bytes bytes) {
    built_.push_back({std::move(last_key), std::move(bytes), side_, totals_});
    side_.clear();
    totals_ = {};
    counted_bytes_ = 0;
    pool_.release();
  }

  const uint8_t level_;
  std::pmr::monotonic_buffer_resource pool_{2048};
  std::vector<Address> side_;
  NodeTotals totals_;
  uint64_t counted_bytes_ = 0;
  std::deque<BuiltNode> built_;
};

// Leaves.  Copies what it is given; keys come in rising order.  Nodes gather in `built()`.
class LeafBuilder : public NodeCutter {
 public:
  explicit LeafBuilder(uint8_t level = 0) : NodeCutter(level) { items_.reserve(kUsualEntries); }

  void add(BytesView key, const LeafEntry& entry) {
    char* copy = static_cast<char*>(pool_.allocate(key.size() + entry.value.size(), 1));
    std::memcpy(copy, key.data(), key.size());
    std::memcpy(copy + key.size(), entry.value.data(), entry.value.size());
    items_.push_back({{copy, key.size()}, {copy + key.size(), entry.value.size()}});
    if (!entry.side.empty()) side_.insert(side_.end(), entry.side.begin(), entry.side.end());
    totals_.count += 1;
    totals_.bytes += key.size() + entry.logical_bytes;
    if (ends_behind(key, leaf_counted_bytes(key.size(), entry.value.size()))) cut();
  }
  // Ends the last node, at the end of the level.
  void finish() {
    if (!at_node_start()) cut();
  }

 private:
  void cut() {
    push(Bytes(items_.back().key), encode_leaf(items_));
    items_.clear();
  }

  std::vector<LeafItem> items_;
};

// Inner nodes: entries are nodes of the level below.
//
// Keys alone decide where an inner node ends, so one with the keys of an old one ends where that
// did.  As long as the keys that come are those of a *model*, nothing about them is made again.
class InnerBuilder : public NodeCutter {
 public:
  explicit InnerBuilder(uint8_t level) : NodeCutter(level) { items_.reserve(kUsualEntries); }

  void add(BytesView key, const ObjectRef& ref, NodeTotals below) {
    if (follows_ && model_.has_key_at(next(), key)) return add_as_model(ref, below);
    leave_model();
    // A boundary behind the first entry could make a level that is no shorter than the one below.
    bool may_end = !items_.empty();
    put(keep(key), ref, below);
    if (ends_behind(key, inner_counted_bytes(key.size())) && may_end) cut();
  }
  void finish() {
    leave_model();
    if (!at_node_start()) cut();
  }

  // At the start of a node: the model.  It stays in place as long as the builder.
  void follow(const NodeView& model) {
    model_ = model;
    follows_ = true;
  }
  // Whether the next entry of this node stands at `index` of `node`, which is the model.
  bool stands_at(const NodeView& node, uint32_t index) const {
    return follows_ && next() == index &&
           model_.object().bytes.data() == node.object().bytes.data();
  }
  // Adds an entry with the key of the model's next one.
  void add_as_model(const ObjectRef& ref, NodeTotals below) {
    uint64_t counted = inner_counted_bytes(model_.key_bytes(next()));
    put({}, ref, below);
    if (next() < model_.count()) {
      counted_bytes_ += counted;
    } else {
      end_as_model(counted);
    }
  }

 private:
  uint32_t next() const { return static_cast<uint32_t>(items_.size()); }
  void put(BytesView key, const ObjectRef& ref, NodeTotals below) {
    items_.push_back({key, ref.hash, below.count, below.bytes});
    side_.push_back(ref.address);
    totals_.count += below.count;
    totals_.bytes += below.bytes;
  }
  // All keys of the model have come.  Where it was the last of its level it may end at no boundary.
  void end_as_model(uint64_t counted) {
    Bytes last = model_.key(model_.count() - 1);
    bool ends = ends_behind(last, counted) && items_.size() > 1;
    if (!ends) return leave_model();
    push(std::move(last), encode_inner_like(model_, items_));
    items_.clear();
    follows_ = false;
  }
  void leave_model() {
    if (!follows_) return;
    follows_ = false;
    Bytes key;
    for (uint32_t i = 0; i < next(); ++i) {
      key.clear();
      model_.append_key(i, key);
      items_[i].key = keep(key);
    }
  }
  void cut() {
    push(Bytes(items_.back().key), encode_inner(level_, items_));
    items_.clear();
  }

  std::vector<InnerItem> items_;  // without keys while it follows the model
  NodeView model_;
  bool follows_ = false;
};

}  // namespace ukstore
