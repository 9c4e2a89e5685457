#pragma once
// Where the parts of a state lie in the store's tree (docs/format-merge.md, "Positions").
//
// A step of a path is a key of a directory.  Its entry holds the header of what is live there as
// its payload, and everything else in its child: the entries below it under their steps, and, under
// keys that start with NUL (no step does), what belongs to the position itself:
//
//     00 00 hi lo   the long value number `hi lo` of the header, as a payload
//     00 KIND       the value of the typed entry of that kind: its tree, or for types of the
//                   program's own the bytes of its state
//
// So directories are derived: one exists iff something is live below it.

#include <ukstore/merge/live.h>
#include <ukstore/store/tree.h>

namespace ukstore {

constexpr size_t kBesideMax = 65'536;

Bytes beside_key(size_t index);
Bytes value_key(Kind kind);
inline bool is_reserved(BytesView key) { return !key.empty() && key.front() == '\0'; }
// Reserved keys are below this and steps are not.
constexpr BytesView kFirstStep{"\1", 1};

// What the keys of a tree are and what an entry's payload means.
enum class Schema : uint8_t {
  directory,   // steps -> headers; below them values and further directories
  dot_keyed,   // a dot -> the value of that one write
  dot_sets,    // an element -> the dots of the writes that put it there
  user_state,  // the value of a program's own type: one payload, no tree
};
// How the value of a kind is laid out.
Schema schema_of(Kind kind);
// What stands under a key of a directory: a position's own value, or a step.
struct Slot {
  enum class Is { beside, value, step } is;
  Kind kind{};  // for value
};
Result<Slot> slot_of(BytesView key);

// What is live at an entry of `tree`, a directory; nothing for nullopt.
Result<Live> read_live(const Tree& tree, const std::optional<Entry>& entry);

// The dots of an element (schema dot_sets); none for nullopt.
Result<Dots> read_dots(const Tree& tree, Kind kind, const std::optional<Entry>& entry);
// Whether read_dots would read all it needs from the entry itself, as nearly always.
bool has_dots_inline(const std::optional<Entry>& entry);
// What is live under a key of a tree of another schema (dot_keyed, dot_sets).
Result<Live> read_live(const Tree& tree, Schema schema, Kind kind, BytesView key,
                       const std::optional<Entry>& entry);

// The edit that makes the payload of `key` say `live`; the child is left alone.
Result<Edit> write_live(Schema schema, BytesView key, const Live& live);

}  // namespace ukstore
