#pragma once
// The value of a tree's entry: kind, payload and child, in its canonical bytes (docs/format.md,
// "Values").
//
//   u8 tag: payload form (2 bits), child form (2 bits), kind (4 bits; 15: a kind byte follows)
//   payload  inlined: its bytes (behind a length byte if a child follows); blob, rope: hash, size
//   child    embedded: the bytes of its one node; stored: hash, count, logical bytes
//
// Numbers are LEB128, shortest form.

#include <ukstore/store/tree.h>

namespace ukstore {

constexpr size_t kEmbeddedBytesMax = 127;

// The parts of a value to encode.
struct ValueParts {
  uint8_t kind = 0;
  PayloadForm payload_form = PayloadForm::none;
  BytesView inlined;
  Hash object;
  uint64_t payload_size = 0;
  ChildForm child_form = ChildForm::none;
  BytesView embedded;
  Hash child;
  uint64_t child_count = 0;
  uint64_t child_bytes = 0;
};
Bytes encode_value(const ValueParts& parts);

// How many objects a trusted value names.
uint32_t side_count(BytesView value);
// The logical bytes of a trusted value: its payload and all below its child.
uint64_t logical_bytes(BytesView value);

// A trusted value as an entry; `side` and `segment` are those of the node it stands in, and
// `side_index` is the number of objects that the values before it name.
Entry decode_value(BytesView value, const ObjectView& node, uint32_t side_index);
// The entry at `i` of a trusted leaf.
class NodeView;
Entry entry_at(const NodeView& leaf, uint32_t i);

// Checks a value of unknown origin and counts the objects that it names.  Fails with `corrupt`.
Result<uint32_t> validate_value(BytesView value);

}  // namespace ukstore
