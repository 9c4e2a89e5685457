#include <ukstore/store/boundary.h>
#include <ukstore/store/node.h>
#include <ukstore/store/value.h>

#include <algorithm>

namespace ukstore {
namespace {

std::unexpected<Error> corrupt(const char* what) {
  return fail(Error::Kind::corrupt, std::string("tree node: ") + what);
}

// Reads lengths at `at`: the total of `count` items, or nullopt if they leave the bytes or are no
// rising ends.  Moves `at` behind them.
std::optional<size_t> take_lengths(BytesView bytes, size_t& at, uint32_t count, bool uniform) {
  size_t size = uniform ? 2 : size_t{2} * count;
  if (bytes.size() - at < size) return std::nullopt;
  size_t end = 0;
  if (uniform) {
    end = size_t{load_le<uint16_t>(bytes.data() + at)} * count;
  } else {
    for (uint32_t i = 0; i < count; ++i) {
      size_t next = load_le<uint16_t>(bytes.data() + at + 2 * i);
      if (next < end) return std::nullopt;
      end = next;
    }
  }
  at += size;
  return end;
}

// That all the offsets a NodeView computes lie within the bytes, and end where they do.
Result<void> validate_layout(bool leaf, BytesView bytes) {
  if (bytes.size() < NodeView::kHeaderBytes) return corrupt("shorter than its header");
  uint8_t level = static_cast<uint8_t>(bytes[0]), flags = static_cast<uint8_t>(bytes[1]);
  uint32_t count = load_le<uint16_t>(bytes.data() + 2);
  if (leaf != (level == 0)) return corrupt("its level does not fit its kind");
  if (count == 0) {
    bool zero = bytes == Bytes(NodeView::kHeaderBytes, '\0');
    return leaf && zero ? Result<void>() : corrupt("empty, but not the empty leaf");
  }
  if (flags > 3 || (!leaf && flags > 1)) return corrupt("unknown flags");
  uint32_t count_width = static_cast<uint8_t>(bytes[6]);
  uint32_t size_width = static_cast<uint8_t>(bytes[7]);
  if (leaf ? count_width + size_width != 0 : count_width - 1 > 7 || size_width - 1 > 7) {
    return corrupt("impossible widths");
  }
  size_t at = NodeView::kHeaderBytes;
  auto keys = take_lengths(bytes, at, count, flags & NodeView::kUniformKeys);
  if (!keys) return corrupt("keys leave the node");
  size_t values = size_t{count} * (32 + count_width + size_width);
  if (leaf) {
    auto total = take_lengths(bytes, at, count, flags & NodeView::kUniformValues);
    if (!total) return corrupt("values leave the node");
    values = *total;
  }
  size_t prefix = load_le<uint16_t>(bytes.data() + 4);
  if (bytes.size() - at != prefix + *keys + values) return corrupt("its parts do not fill it");
  return {};
}

// That the keys rise, and that they are packed in the one way that `encode_*` packs them.
Result<void> validate_keys(const NodeView& node, uint8_t flags) {
  uint32_t count = node.count();
  bool uniform = true;
  for (uint32_t i = 0; i < count; ++i) {
    size_t size = node.key_bytes(i);
    if (size == 0 || size > kKeyBytesMax) return corrupt("a key is empty or too long");
    if (i > 0 && node.suffix(i - 1) >= node.suffix(i)) return corrupt("keys are out of order");
    uniform &= size == node.key_bytes(0);
  }
  if (uniform != ((flags & NodeView::kUniformKeys) != 0)) return corrupt("wrong flag for its keys");
  // The prefix is the longest one: what is left of the first and the last key starts differently.
  BytesView first = node.suffix(0), last = node.suffix(count - 1);
  bool longest = count == 1 ? first.empty() : first.empty() || first[0] != last[0];
  return longest ? Result<void>() : corrupt("its prefix is not the longest one");
}

Result<void> validate_boundaries(const NodeView& node) {
  uint64_t s0 = 0;
  Bytes key;
  for (uint32_t i = 0; i + 1 < node.count(); ++i) {
    key.clear();
    node.append_key(i, key);
    uint64_t s1 = s0 + (node.is_leaf() ? leaf_counted_bytes(key.size(), node.value(i).size())
                                       : inner_counted_bytes(key.size()));
    bool may_end = node.is_leaf() || i > 0;
    if (may_end && is_boundary(boundary_hash(node.level(), key), s0, s1)) {
      return corrupt("a node boundary lies inside");
    }
    s0 = s1;
  }
  return {};
}

Result<uint32_t> validate_leaf(const NodeView& node, uint8_t flags) {
  uint32_t sides = 0;
  bool uniform = true;
  for (uint32_t i = 0; i < node.count(); ++i) {
    auto named = validate_value(node.value(i));
    if (!named) return named;
    sides += *named;
    uniform &= node.value(i).size() == node.value(0).size();
  }
  if (uniform != ((flags & NodeView::kUniformValues) != 0)) {
    return corrupt("wrong flag for its values");
  }
  return sides;
}

Result<uint32_t> validate_inner(const NodeView& node, BytesView bytes) {
  uint64_t count = 0, size = 0, count_max = 0, size_max = 0;
  for (uint32_t i = 0; i < node.count(); ++i) {
    uint64_t child_count = node.child_count(i), child_bytes = node.child_bytes(i);
    // A child holds at least one entry with a key, and no sum may wrap.
    if (child_count == 0 || child_bytes < child_count) return corrupt("a child without entries");
    if (__builtin_add_overflow(count, child_count, &count) ||
        __builtin_add_overflow(size, child_bytes, &size)) {
      return corrupt("its counts overflow");
    }
    count_max = std::max(count_max, child_count);
    size_max = std::max(size_max, child_bytes);
  }
  if (static_cast<uint8_t>(bytes[6]) != number_width(count_max) ||
      static_cast<uint8_t>(bytes[7]) != number_width(size_max)) {
    return corrupt("its numbers are wider than they need be");
  }
  return node.count();
}

}  // namespace

Result<uint32_t> validate_node(ObjectKind kind, BytesView bytes) {
  bool leaf = kind == ObjectKind::leaf;
  if (auto ok = validate_layout(leaf, bytes); !ok) return pass_on(ok);
  NodeView node({.kind = kind, .bytes = bytes});
  if (node.count() == 0) return 0;
  uint8_t flags = static_cast<uint8_t>(bytes[1]);
  if (auto ok = validate_keys(node, flags); !ok) return pass_on(ok);
  auto sides = leaf ? validate_leaf(node, flags) : validate_inner(node, bytes);
  if (!sides) return sides;
  if (auto ok = validate_boundaries(node); !ok) return pass_on(ok);
  return sides;
}

}  // namespace ukstore
