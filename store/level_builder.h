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

// Copies what it is given; keys come in rising order.  Nodes gather in `built()`.
class LevelBuilder {
 public:
  explicit LevelBuilder(uint8_t level) : level_(level) {
    if (level == 0) {
      leaf_items_.reserve(kUsualEntries);
    } else {
      inner_items_.reserve(kUsualEntries);
      side_.reserve(kUsualEntries);
    }
  }

  void add_leaf(BytesView key, const LeafEntry& entry) {
    leaf_items_.push_back({keep(key), keep(entry.value)});
    side_.insert(side_.end(), entry.side.begin(), entry.side.end());
    totals_.count += 1;
    totals_.bytes += key.size() + entry.logical_bytes;
    advance(key, leaf_counted_bytes(key.size(), entry.value.size()), CutAllowed::yes);
  }

  void add_inner(BytesView key, const ObjectRef& ref, NodeTotals below) {
    // A boundary behind the first entry could make a level that is no shorter than the one below.
    CutAllowed cut = inner_items_.empty() ? CutAllowed::no : CutAllowed::yes;
    inner_items_.push_back({keep(key), ref.hash, below.count, below.bytes});
    side_.push_back(ref.address);
    totals_.count += below.count;
    totals_.bytes += below.bytes;
    advance(key, inner_counted_bytes(key.size()), cut);
  }

  // Whether the last entry ended a node (or there was none): the next one starts a node.
  bool at_node_start() const { return counted_bytes_ == 0; }
  // Whether nothing has come.
  bool is_empty() const { return at_node_start() && built_.empty(); }
  // Ends the last node, at the end of the level.
  void finish() {
    if (!at_node_start()) cut();
  }
  // The nodes so far; the caller may take them out.
  std::deque<BuiltNode>& built() { return built_; }

 private:
  static constexpr size_t kUsualEntries = 48;
  enum class CutAllowed { no, yes };

  BytesView keep(BytesView bytes) {
    if (bytes.empty()) return {};
    char* copy = static_cast<char*>(pool_.allocate(bytes.size(), 1));
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
  }
  void advance(BytesView key, uint64_t counted, CutAllowed allowed) {
    uint64_t before = counted_bytes_;
    counted_bytes_ += counted;
    if (allowed == CutAllowed::yes &&
        is_boundary(boundary_hash(level_, key), before, counted_bytes_)) {
      cut();
    }
  }
  void cut() {
    BytesView last = level_ == 0 ? leaf_items_.back().key : inner_items_.back().key;
    built_.push_back({Bytes(last),
                      level_ == 0 ? encode_leaf(leaf_items_) : encode_inner(level_, inner_items_),
                      side_, totals_, std::nullopt});
    leaf_items_.clear();
    inner_items_.clear();
    side_.clear();
    totals_ = {};
    counted_bytes_ = 0;
    pool_.release();
  }

  uint8_t level_;
  std::pmr::monotonic_buffer_resource pool_{2048};
  std::vector<LeafItem> leaf_items_;
  std::vector<InnerItem> inner_items_;
  std::vector<Address> side_;
  NodeTotals totals_;
  uint64_t counted_bytes_ = 0;
  std::deque<BuiltNode> built_;
};

}  // namespace ukstore
