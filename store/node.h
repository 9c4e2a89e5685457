#pragma once
// The nodes of a tree: hand-packed, canonical, read in place.  Drawn byte by byte in
// docs/format.md, "Nodes".
//
//   u8 level (0: leaf)   u8 flags   u16 count   u16 prefix bytes   u8 count width   u8 bytes width
//   keys     one u16 length if all suffixes are equally long (flag 1), else `count` u16 ends
//   values   leaf only: the same for values (flag 2)
//   prefix   the longest prefix that all keys share
//   suffixes the rest of each key
//   leaf     the values (value.h)
//   inner    `count` hashes, then counts, then logical sizes of the children, each in its width
//
// An inner entry's key is the last key below it.  An empty leaf is eight zero bytes.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <span>
#include <vector>

namespace ukstore {

// The number of entries below a node and their logical bytes.
struct NodeTotals {
  uint64_t count = 0;
  uint64_t bytes = 0;
};

// A node in place, whose bytes have passed `validate_node` (or were just encoded).
class NodeView {
 public:
  NodeView() = default;
  explicit NodeView(const ObjectView& object);

  bool is_leaf() const { return level_ == 0; }
  uint8_t level() const { return level_; }
  uint32_t count() const { return count_; }
  const ObjectView& object() const { return object_; }

  // Everything about the keys, in two parts: equal for nodes with equal ones.
  BytesView key_lengths() const { return {base() + kHeaderBytes, value_ends_at_ - kHeaderBytes}; }
  BytesView key_block() const { return {base() + prefix_at_, values_at_ - prefix_at_}; }
  bool has_keys_of(const NodeView& other) const {
    return count_ == other.count_ && level_ == other.level_ &&
           prefix_bytes_ == other.prefix_bytes_ && uniform_keys_ == other.uniform_keys_ &&
           key_block() == other.key_block() && key_lengths() == other.key_lengths();
  }

  BytesView prefix() const { return {base() + prefix_at_, prefix_bytes_}; }
  BytesView suffix(uint32_t i) const {
    if (uniform_keys_) return {base() + suffixes_at_ + size_t{i} * key_length_, key_length_};
    uint32_t begin = i == 0 ? 0 : u16(kHeaderBytes + 2 * (i - 1));
    return {base() + suffixes_at_ + begin, u16(kHeaderBytes + 2 * i) - begin};
  }
  size_t key_bytes(uint32_t i) const { return prefix_bytes_ + suffix(i).size(); }
  void append_key(uint32_t i, Bytes& to) const { to.append(prefix()).append(suffix(i)); }
  Bytes key(uint32_t i) const;
  // All keys one after another, and where each ends, in place of what `keys` and `ends` held.
  void copy_keys(Bytes& keys, std::vector<uint32_t>& ends) const;
  // The first entry whose key is not below `key`; `count()` if there is none.
  uint32_t lower_bound(BytesView key) const;
  bool has_key_at(uint32_t i, BytesView key) const {
    return i < count_ && key.size() == key_bytes(i) && key.starts_with(prefix()) &&
           key.substr(prefix_bytes_) == suffix(i);
  }
  // The same for the j-th key of another node.
  bool has_key_at(uint32_t i, const NodeView& other, uint32_t j) const;

  // Leaves only.
  BytesView value(uint32_t i) const {
    if (uniform_values_) return {base() + values_at_ + size_t{i} * value_length_, value_length_};
    uint32_t begin = i == 0 ? 0 : u16(value_ends_at_ + 2 * (i - 1));
    return {base() + values_at_ + begin, u16(value_ends_at_ + 2 * i) - begin};
  }

  // Inner nodes only.
  Hash hash(uint32_t i) const { return Hash::load(base() + values_at_ + 32 * size_t{i}); }
  Address address(uint32_t i) const { return object_.address(i); }
  ObjectRef child(uint32_t i) const { return {hash(i), address(i)}; }
  uint64_t child_count(uint32_t i) const { return number(counts_at_, count_width_, i); }
  uint64_t child_bytes(uint32_t i) const { return number(sizes_at_, size_width_, i); }
  NodeTotals child_totals(uint32_t i) const { return {child_count(i), child_bytes(i)}; }
  // Whether the node's numbers would take the same widths with other ones in the place of the
  // i-th child's.  May say no where they would.
  bool keeps_widths(uint32_t i, NodeTotals below) const;
  // Puts another child into its place in a copy of the node's bytes, whose widths stay.
  void put_child(Bytes& copy, uint32_t i, const Hash& hash, NodeTotals below) const;

  static constexpr size_t kHeaderBytes = 8;
  static constexpr size_t kCountWidthAt = 6, kSizeWidthAt = 7;
  static constexpr uint8_t kUniformKeys = 1;
  static constexpr uint8_t kUniformValues = 2;

 private:
  const char* base() const { return object_.bytes.data(); }
  uint64_t word_at(uint32_t i) const {
    return load_big_endian(base() + suffixes_at_ + size_t{i} * key_length_);
  }
  uint32_t lower_bound_by_words(BytesView rest) const;
  uint32_t u16(size_t at) const { return load_le<uint16_t>(base() + at); }
  uint64_t number(size_t at, uint32_t width, uint32_t i) const {
    const char* from = base() + at + size_t{width} * i;
    if (width == 1) return static_cast<uint8_t>(*from);
    if (width == 2) return load_le<uint16_t>(from);
    uint64_t value = 0;
    std::memcpy(&value, from, width);
    return value;
  }

  ObjectView object_;
  uint8_t level_ = 0;
  bool uniform_keys_ = false;
  bool uniform_values_ = false;
  uint8_t count_width_ = 0, size_width_ = 0;
  uint32_t count_ = 0;
  uint32_t prefix_bytes_ = 0;
  uint32_t key_length_ = 0, value_length_ = 0;
  uint32_t value_ends_at_ = 0, prefix_at_ = 0, suffixes_at_ = 0, values_at_ = 0;
  uint32_t counts_at_ = 0, sizes_at_ = 0;
};

// The bytes that a number takes where a node stores it: the fewest, at least one.
uint32_t number_width(uint64_t value);

// What nodes are encoded from, in rising order of keys.
struct LeafItem {
  BytesView key;
  BytesView value;
};
struct InnerItem {
  BytesView key;  // the last key below
  Hash hash;
  uint64_t count = 0;  // entries below, and their logical bytes
  uint64_t bytes = 0;
};
Bytes encode_leaf(std::span<const LeafItem> items);
// The same for values under the keys of `model`, appended to `out`.
void encode_leaf_like(const NodeView& model, std::span<const BytesView> values, Bytes& out);
Bytes encode_inner(uint8_t level, std::span<const InnerItem> items);
// The same for items with the keys of `model`, whatever keys they have themselves.
Bytes encode_inner_like(const NodeView& model, std::span<const InnerItem> items);

NodeTotals totals(const NodeView& node);

// Checks that bytes are exactly what `encode_leaf` or `encode_inner` gives for some items, that no
// node boundary lies inside, and counts the objects that it names.  Fails with `corrupt`.
Result<uint32_t> validate_node(ObjectKind kind, BytesView bytes);

}  // namespace ukstore
