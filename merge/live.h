#pragma once
// Live entries: what a branch holds at one position, and the three-way merge of it.
//
// The state of a branch is a set of (path, kind, dot, payload).  At one path that is a set of
// `LiveEntry`; in the tree of a typed value it is one or a few per key.  Merging is the same for
// all of them: an entry stays iff both sides hold it, or one side holds it and the base does not.

#include <ukstore/merge/dot.h>
#include <ukstore/merge/kind.h>
#include <ukstore/store/payload.h>

namespace ukstore {

struct LiveEntry {
  Dot dot;
  Kind kind = Kind::file;
  Payload value;  // form none for typed kinds and where the dot alone says all

  bool operator==(const LiveEntry& other) const {
    return dot == other.dot && kind == other.kind && value == other.value;
  }
};

// What an entry says, without who said it.
struct Term {
  Kind kind = Kind::file;
  Payload value;
  bool operator==(const Term& other) const { return kind == other.kind && value == other.value; }
};

// All that is live at a position: rising dots, unique.  Several mean concurrent writes.
using Live = std::vector<LiveEntry>;

// (base ∩ ours ∩ theirs) ∪ (ours \ base) ∪ (theirs \ base).  `corrupt` if two entries under one dot
// differ: two writers used one replica id, and nobody can tell whose write the dot means.
Result<Live> three_way(const Live& base, const Live& ours, const Live& theirs);

// Whether the entries disagree: more than one kind, or more than one value.
bool disagree(const Live& live);
bool has_kind(const Live& live, Kind kind);
Dots dots_of(const Live& live);
// What is said, each term once, in the order of first dots.
std::vector<Term> terms_of(const Live& live);

// ---- How the live entries of a path lie in the entry of a directory.  Values of at most
// `kHeaderValueBytesMax` bytes stand in the header, longer ones beside it under keys of their own.
constexpr size_t kHeaderValueBytesMax = 32;

struct Header {
  uint8_t stored_kind = 0;      // the kind of the tree's entry
  Bytes bytes;                  // its payload
  std::vector<Payload> values;  // what stands beside it, in order
};
// `live` is not empty.
Header encode_header(const Live& live);

// The header of an entry with this stored kind and payload; `value_at(i)` gives what stands beside
// it.  `corrupt` for anything that `encode_header` does not give.
using ValueAt = std::function<Result<Payload>(size_t index)>;
Result<Live> decode_header(uint8_t stored_kind, BytesView bytes, const ValueAt& value_at);

}  // namespace ukstore
