#include <ukstore/store/value.h>

#include <ukstore/store/node.h>
#include <ukstore/store/varint.h>

#include <cassert>

namespace ukstore {
namespace {

constexpr uint8_t kKindFollows = 15;

std::unexpected<Error> corrupt(const char* what) {
  return fail(Error::Kind::corrupt, std::string("tree entry: ") + what);
}

struct Tag {
  PayloadForm payload;
  ChildForm child;
  uint8_t kind;
};

Tag tag_of(BytesView value) {
  uint8_t tag = static_cast<uint8_t>(value[0]);
  return {static_cast<PayloadForm>(tag & 3), static_cast<ChildForm>(tag >> 2 & 3),
          static_cast<uint8_t>(tag >> 4)};
}

// The embedded child's bytes, given what follows the payload.
ObjectView embedded_node(BytesView bytes) { return {.kind = ObjectKind::leaf, .bytes = bytes}; }

uint32_t node_sides(const NodeView& leaf) {
  uint32_t sides = 0;
  for (uint32_t i = 0; i < leaf.count(); ++i) sides += side_count(leaf.value(i));
  return sides;
}

// Reads a trusted value.  Addresses are not filled in.
Entry parse(BytesView value) {
  Tag tag = tag_of(value);
  BytesView rest = value.substr(1);
  Entry entry{.kind = tag.kind, .payload_form = tag.payload, .child_form = tag.child};
  entry.encoded = value;
  if (tag.kind == kKindFollows) {
    entry.kind = static_cast<uint8_t>(rest[0]);
    rest.remove_prefix(1);
  }
  if (tag.payload == PayloadForm::inlined) {
    size_t size = rest.size();
    if (entry.has_child()) {
      size = static_cast<uint8_t>(rest[0]);
      rest.remove_prefix(1);
    }
    entry.inlined = rest.substr(0, size);
    entry.payload_size = size;
    rest.remove_prefix(size);
  } else if (tag.payload != PayloadForm::none) {
    entry.object.hash = Hash::load(rest.data());
    rest.remove_prefix(32);
    entry.payload_size = *take_varint(rest);
  }
  if (tag.child == ChildForm::embedded) {
    entry.embedded = embedded_node(rest);
  } else if (tag.child == ChildForm::stored) {
    entry.child.hash = Hash::load(rest.data());
    rest.remove_prefix(32);
    entry.child_count = *take_varint(rest);
    entry.child_bytes = *take_varint(rest);
  }
  return entry;
}

Result<void> validate_payload(PayloadForm form, bool has_child, BytesView& rest) {
  if (form == PayloadForm::none) return {};
  if (form == PayloadForm::inlined) {
    size_t size = rest.size();
    if (has_child) {
      if (rest.empty()) return corrupt("ends before its payload");
      size = static_cast<uint8_t>(rest[0]);
      rest.remove_prefix(1);
    }
    if (size > kInlineBytesMax || size > rest.size()) return corrupt("inline payload too long");
    rest.remove_prefix(size);
    return {};
  }
  if (rest.size() < 32) return corrupt("ends before its payload");
  rest.remove_prefix(32);
  auto size = take_varint(rest);
  if (!size) return corrupt("bad payload size");
  bool fits = form == PayloadForm::blob ? *size > kInlineBytesMax && *size <= kBlobBytesMax
                                        : *size > kBlobBytesMax;
  return fits ? Result<void>() : corrupt("payload size does not fit its form");
}

Result<uint32_t> validate_child(ChildForm form, BytesView& rest) {
  if (form == ChildForm::none) return 0;
  if (form == ChildForm::embedded) {
    if (rest.size() > kEmbeddedBytesMax) return corrupt("embedded child too long");
    auto sides = validate_node(ObjectKind::leaf, rest);
    if (!sides) return sides;
    if (NodeView(embedded_node(rest)).count() == 0) return corrupt("empty child");
    rest = {};
    return sides;
  }
  if (rest.size() < 32) return corrupt("ends before its child");
  rest.remove_prefix(32);
  auto count = take_varint(rest);
  auto bytes = count ? take_varint(rest) : std::nullopt;
  if (!bytes || *count == 0 || *bytes < *count) return corrupt("bad size of child");
  return 1;
}

}  // namespace

Bytes encode_value(const ValueParts& parts) {
  bool has_child = parts.child_form != ChildForm::none;
  bool follows = parts.kind >= kKindFollows;
  Bytes out;
  out.push_back(static_cast<char>(uint8_t(parts.payload_form) | uint8_t(parts.child_form) << 2 |
                                  (follows ? kKindFollows : parts.kind) << 4));
  if (follows) out.push_back(static_cast<char>(parts.kind));
  if (parts.payload_form == PayloadForm::inlined) {
    assert(parts.inlined.size() <= kInlineBytesMax);
    if (has_child) out.push_back(static_cast<char>(parts.inlined.size()));
    out.append(parts.inlined);
  } else if (parts.payload_form != PayloadForm::none) {
    out.append(parts.object.view());
    append_varint(out, parts.payload_size);
  }
  if (parts.child_form == ChildForm::embedded) {
    assert(parts.embedded.size() <= kEmbeddedBytesMax);
    out.append(parts.embedded);
  } else if (has_child) {
    out.append(parts.child.view());
    append_varint(out, parts.child_count);
    append_varint(out, parts.child_bytes);
  }
  return out;
}

uint32_t side_count(BytesView value) {
  Tag tag = tag_of(value);
  uint32_t sides = tag.payload >= PayloadForm::blob ? 1 : 0;
  if (tag.child == ChildForm::stored) return sides + 1;
  if (tag.child == ChildForm::embedded) sides += node_sides(NodeView(parse(value).embedded));
  return sides;
}

uint64_t logical_bytes(BytesView value) {
  Tag tag = tag_of(value);
  // The common case, short and simple.
  if (tag.payload == PayloadForm::inlined && tag.child == ChildForm::none) {
    return value.size() - (tag.kind == kKindFollows ? 2 : 1);
  }
  Entry entry = parse(value);
  uint64_t below = entry.child_bytes;
  if (tag.child == ChildForm::embedded) below = totals(NodeView(entry.embedded)).bytes;
  return entry.payload_size + below;
}

Entry decode_value(BytesView value, const ObjectView& node, uint32_t side_index) {
  Entry entry = parse(value);
  if (entry.payload_form >= PayloadForm::blob) entry.object.address = node.address(side_index++);
  if (entry.child_form == ChildForm::stored) {
    entry.child.address = node.address(side_index);
  } else if (entry.child_form == ChildForm::embedded) {
    entry.embedded.side_count = node_sides(NodeView(entry.embedded));
    entry.embedded.side = node.side + 8 * size_t{side_index};
    entry.embedded.segment = node.segment;
  }
  return entry;
}

Entry entry_at(const NodeView& leaf, uint32_t i) {
  BytesView value = leaf.value(i);
  uint32_t before = 0;
  if (leaf.object().side_count > 0 && side_count(value) > 0) {
    for (uint32_t j = 0; j < i; ++j) before += side_count(leaf.value(j));
  }
  return decode_value(value, leaf.object(), before);
}

Result<uint32_t> validate_value(BytesView value) {
  if (value.empty()) return corrupt("empty");
  Tag tag = tag_of(value);
  if (static_cast<uint8_t>(tag.child) > 2) return corrupt("unknown form of child");
  bool has_child = tag.child != ChildForm::none;
  if (tag.payload == PayloadForm::none && (!has_child || tag.kind != 0)) {
    return corrupt("neither payload nor child, or a kind without a payload");
  }
  BytesView rest = value.substr(1);
  if (tag.kind == kKindFollows) {
    if (rest.empty() || static_cast<uint8_t>(rest[0]) < kKindFollows) return corrupt("bad kind");
    rest.remove_prefix(1);
  }
  if (auto ok = validate_payload(tag.payload, has_child, rest); !ok) return pass_on(ok);
  auto sides = validate_child(tag.child, rest);
  if (!sides) return sides;
  if (!rest.empty()) return corrupt("longer than its parts");
  return *sides + (tag.payload >= PayloadForm::blob ? 1 : 0);
}

}  // namespace ukstore
