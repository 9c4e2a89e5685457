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

// Appends a part of each item.
template <class Item, class Part>
void append_parts(Bytes& out, std::span<const Item> items, const Part& part) {
  size_t at = out.size(), bytes = 0;
  for (const Item& item : items) bytes += part(item).size();
  out.resize(at + bytes);
  char* to = out.data() + at;
  for (const Item& item : items) {
    const BytesView piece = part(item);
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
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
    append_parts(out, items_, [&](const Item& item) { return item.key.substr(prefix_); });
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

void NodeView::copy_keys(Bytes& keys, std::vector<uint32_t>& ends) const {
  const uint32_t all = values_at_ - suffixes_at_ + count_ * prefix_bytes_;
  keys.resize(all);
  ends.resize(count_);
  char* to = keys.data();
  for (uint32_t i = 0; i < count_; ++i) {
    const BytesView rest = suffix(i);
    std::memcpy(to, base() + prefix_at_, prefix_bytes_);
    std::memcpy(to + prefix_bytes_, rest.data(), rest.size());
    to += prefix_bytes_ + rest.size();
    ends[i] = static_cast<uint32_t>(to - keys.data());
  }
}

bool NodeView::has_key_at(uint32_t i, const NodeView& other, uint32_t j) const {
  if (prefix_bytes_ == other.prefix_bytes_) {
    return suffix(i) == other.suffix(j) && prefix() == other.prefix();
  }
  if (key_bytes(i) != other.key_bytes(j)) return false;
  // What the longer prefix holds beyond the shorter one stands in the suffix there.
  const bool longer = prefix_bytes_ > other.prefix_bytes_;
  const NodeView &a = longer ? *this : other, &b = longer ? other : *this;
  const BytesView shared = b.prefix(), more = a.prefix().substr(shared.size());
  const BytesView a_rest = a.suffix(longer ? i : j), b_rest = b.suffix(longer ? j : i);
  return a.prefix().starts_with(shared) && b_rest.starts_with(more) &&
         b_rest.substr(more.size()) == a_rest;
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
  append_parts(out, items, [](const LeafItem& item) { return item.value; });
  return out;
}

void encode_leaf_like(const NodeView& model, std::span<const BytesView> values, Bytes& out) {
  assert(model.is_leaf() && model.count() == values.size() && !values.empty());
  bool uniform = std::ranges::all_of(
      values, [&](BytesView value) { return value.size() == values.front().size(); });
  size_t start = out.size();
  out.append(model.object().bytes.substr(0, NodeView::kHeaderBytes)).append(model.key_lengths());
  char& flags = out[start + 1];
  flags = static_cast<char>((flags & ~NodeView::kUniformValues) |
                            (uniform ? NodeView::kUniformValues : 0));
  if (uniform) {
    append_le<uint16_t>(out, static_cast<uint16_t>(values.front().size()));
  } else {
    size_t end = 0;
    for (BytesView value : values) append_le<uint16_t>(out, uint16_t(end += value.size()));
  }
  out.append(model.key_block());
  append_parts(out, values, [](BytesView value) { return value; });
}

bool NodeView::keeps_widths(uint32_t i, NodeTotals below) const {
  auto keeps = [](uint64_t was, uint64_t is, uint32_t width) {
    return number_width(is) == width || (number_width(is) < width && number_width(was) < width);
  };
  return keeps(child_count(i), below.count, count_width_) &&
         keeps(child_bytes(i), below.bytes, size_width_);
}

void NodeView::put_child(Bytes& copy, uint32_t i, const Hash& hash, NodeTotals below) const {
  std::memcpy(copy.data() + values_at_ + 32 * size_t{i}, hash.bytes.data(), 32);
  std::memcpy(copy.data() + counts_at_ + size_t{count_width_} * i, &below.count, count_width_);
  std::memcpy(copy.data() + sizes_at_ + size_t{size_width_} * i, &below.bytes, size_width_);
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
  BytesView lengths = model.key_lengths(), keys = model.key_block();
  Bytes out;
  out.reserve(NodeView::kHeaderBytes + lengths.size() + keys.size() + numbers.bytes(items.size()));
  out.append(model.object().bytes.substr(0, NodeView::kHeaderBytes)).append(lengths).append(keys);
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
