#include <ukstore/store/node.h>

#include <ukstore/store/boundary.h>
#include <ukstore/store/value.h>

#include <algorithm>
#include <bit>
#include <cassert>

namespace ukstore {
namespace {

size_t common_prefix(BytesView a, BytesView b) {
  size_t n = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + n, b.begin()).first - a.begin();
}

// The part of a node that leaves and inner nodes share, in two steps: `begin` writes up to the
// arrays of lengths, `finish_keys` the prefix and the suffixes.
template <class Item>
class KeyEncoder {
 public:
  explicit KeyEncoder(std::span<const Item> items) : items_(items) {
    prefix_ = common_prefix(items.front().key, items.back().key);
    uniform_ = std::ranges::all_of(
        items, [&](const Item& item) { return item.key.size() == items.front().key.size(); });
  }
  bool uniform() const { return uniform_; }
  void header(Bytes& out, uint8_t level, uint8_t flags, uint8_t count_width, uint8_t size_width) {
    out.push_back(static_cast<char>(level));
    out.push_back(static_cast<char>(flags | (uniform_ ? NodeView::kUniformKeys : 0)));
    append_le<uint16_t>(out, static_cast<uint16_t>(items_.size()));
    append_le<uint16_t>(out, static_cast<uint16_t>(prefix_));
    out.push_back(static_cast<char>(count_width));
    out.push_back(static_cast<char>(size_width));
    if (uniform_) return append_le<uint16_t>(out, uint16_t(items_.front().key.size() - prefix_));
    size_t end = 0;
    for (const Item& item : items_) {
      append_le<uint16_t>(out, static_cast<uint16_t>(end += item.key.size() - prefix_));
    }
  }
  void keys(Bytes& out) {
    out.append(items_.front().key.substr(0, prefix_));
    for (const Item& item : items_) out.append(item.key.substr(prefix_));
  }

 private:
  std::span<const Item> items_;
  size_t prefix_ = 0;
  bool uniform_ = false;
};

void append_number(Bytes& out, uint64_t value, uint32_t width) {
  out.append(reinterpret_cast<const char*>(&value), width);
}

}  // namespace

uint32_t number_width(uint64_t value) {
  return std::max<uint32_t>(1, (std::bit_width(value) + 7) / 8);
}

NodeView::NodeView(const ObjectView& object) : object_(object) {
  level_ = static_cast<uint8_t>(base()[0]);
  uint8_t flags = static_cast<uint8_t>(base()[1]);
  count_ = u16(2);
  if (count_ == 0) return;
  prefix_bytes_ = u16(4);
  count_width_ = static_cast<uint8_t>(base()[kCountWidthAt]);
  size_width_ = static_cast<uint8_t>(base()[kSizeWidthAt]);
  uniform_keys_ = flags & kUniformKeys;
  uniform_values_ = flags & kUniformValues;
  uint32_t at = kHeaderBytes;
  uint32_t key_total;
  if (uniform_keys_) {
    key_length_ = u16(at);
    key_total = key_length_ * count_;
    at += 2;
  } else {
    at += 2 * count_;
    key_total = u16(at - 2);
  }
  value_ends_at_ = at;
  if (is_leaf()) {
    if (uniform_values_) value_length_ = u16(at);
    at += uniform_values_ ? 2 : 2 * count_;
  }
  prefix_at_ = at;
  suffixes_at_ = prefix_at_ + prefix_bytes_;
  values_at_ = suffixes_at_ + key_total;
  counts_at_ = values_at_ + 32 * count_;
  sizes_at_ = counts_at_ + count_width_ * count_;
}

Bytes NodeView::key(uint32_t i) const {
  Bytes key;
  BytesView rest = suffix(i);
  key.reserve(prefix_bytes_ + rest.size());
  return key.append(prefix()).append(rest);
}

// The first suffix whose first eight bytes are not below those of `rest`, without a branch that a
// random key would mispredict.
uint32_t NodeView::lower_bound_by_words(BytesView rest) const {
  uint64_t wanted = load_big_endian(rest.data());
  uint32_t low = 0;
  for (uint32_t size = count_; size > 1;) {
    uint32_t half = size / 2;
    low += word_at(low + half - 1) < wanted ? half : 0;
    size -= half;
  }
  return low + (word_at(low) < wanted ? 1 : 0);
}

uint32_t NodeView::lower_bound(BytesView key) const {
  if (count_ == 0) return 0;
  BytesView shared = prefix();
  size_t common = std::min(key.size(), shared.size());
  int order = std::memcmp(key.data(), shared.data(), common);
  if (order < 0 || (order == 0 && key.size() < shared.size())) return 0;
  if (order > 0) return count_;
  BytesView rest = key.substr(shared.size());
  uint32_t low = 0, high = count_;
  if (uniform_keys_ && key_length_ >= 8 && rest.size() >= 8) {
    low = lower_bound_by_words(rest);
    if (low == count_ || word_at(low) != load_big_endian(rest.data())) return low;
  }
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (suffix(middle) < rest) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Bytes encode_leaf(std::span<const LeafItem> items) {
  if (items.empty()) return Bytes(NodeView::kHeaderBytes, '\0');
  KeyEncoder<LeafItem> keys(items);
  bool uniform = true;
  size_t bytes = 16;
  for (const LeafItem& item : items) {
    uniform &= item.value.size() == items.front().value.size();
    bytes += item.key.size() + item.value.size() + 4;
  }
  Bytes out;
  out.reserve(bytes);
  keys.header(out, 0, uniform ? NodeView::kUniformValues : 0, 0, 0);
  if (uniform) {
    append_le<uint16_t>(out, static_cast<uint16_t>(items.front().value.size()));
  } else {
    size_t end = 0;
    for (const LeafItem& item : items) {
      append_le<uint16_t>(out, static_cast<uint16_t>(end += item.value.size()));
    }
  }
  keys.keys(out);
  for (const LeafItem& item : items) out.append(item.value);
  return out;
}

namespace {

// The widths of the numbers of inner items, and where what follows the keys is written.
struct InnerNumbers {
  uint32_t count_width, size_width;

  explicit InnerNumbers(std::span<const InnerItem> items) {
    uint64_t count_max = 0, size_max = 0;
    for (const InnerItem& item : items) {
      count_max = std::max(count_max, item.count);
      size_max = std::max(size_max, item.bytes);
    }
    count_width = number_width(count_max);
    size_width = number_width(size_max);
  }
  size_t bytes(size_t items) const { return items * (32 + count_width + size_width); }
  void append(Bytes& out, std::span<const InnerItem> items) const {
    for (const InnerItem& item : items) out.append(item.hash.view());
    for (const InnerItem& item : items) append_number(out, item.count, count_width);
    for (const InnerItem& item : items) append_number(out, item.bytes, size_width);
  }
};

}  // namespace

Bytes encode_inner(uint8_t level, std::span<const InnerItem> items) {
  assert(level > 0 && !items.empty());
  KeyEncoder<InnerItem> keys(items);
  InnerNumbers numbers(items);
  size_t bytes = 16 + numbers.bytes(items.size());
  for (const InnerItem& item : items) bytes += item.key.size() + 2;
  Bytes out;
  out.reserve(bytes);
  keys.header(out, level, 0, uint8_t(numbers.count_width), uint8_t(numbers.size_width));
  keys.keys(out);
  numbers.append(out, items);
  return out;
}

Bytes encode_inner_like(const NodeView& model, std::span<const InnerItem> items) {
  assert(model.level() > 0 && model.count() == items.size());
  InnerNumbers numbers(items);
  BytesView keys = model.key_block();
  Bytes out;
  out.reserve(NodeView::kHeaderBytes + keys.size() + numbers.bytes(items.size()));
  out.append(model.object().bytes.substr(0, NodeView::kHeaderBytes)).append(keys);
  out[NodeView::kCountWidthAt] = static_cast<char>(numbers.count_width);
  out[NodeView::kSizeWidthAt] = static_cast<char>(numbers.size_width);
  numbers.append(out, items);
  return out;
}

NodeTotals totals(const NodeView& node) {
  NodeTotals sum;
  if (node.is_leaf()) {
    sum.count = node.count();
    for (uint32_t i = 0; i < node.count(); ++i) {
      sum.bytes += node.key_bytes(i) + logical_bytes(node.value(i));
    }
    return sum;
  }
  for (uint32_t i = 0; i < node.count(); ++i) {
    sum.count += node.child_count(i);
    sum.bytes += node.child_bytes(i);
  }
  return sum;
}

}  // namespace ukstore
