#pragma once
// The edits that turn one tree into another, as bytes for the wire (docs/protocol.md, "Edits").
//
// An edit says what becomes of the payload and of the child at one path; a path is the keys from
// the top of the tree down.  Edits stand in the order of their paths, a path before those below it,
// and share with the one before what their paths share.  A piece of edits stands alone: whoever
// reads it needs the tree that the pieces before it made, and nothing else.

#include <ukstore/store/tree.h>

namespace ukstore {

using KeyPath = std::vector<Bytes>;

// The keys of a path may take this much together, counting one byte more for each.
constexpr size_t kKeyPathBytesMax = 8192;
// Payloads of more bytes than a blob has are named, and their objects asked for.

enum class More { no, yes };

// Writes the edits from one tree to another, piece by piece, at the cost of what differs.
class EditWriter {
 public:
  EditWriter(Tree before, Tree after) : before_(std::move(before)), after_(std::move(after)) {}

  // Appends edits as one piece, until there are none left (`More::no`) or the piece takes over
  // `bytes_max`.
  Result<More> append(Bytes& to, size_t bytes_max);
  uint64_t edits() const { return edits_; }

 private:
  struct Piece;
  Result<Flow> walk(const Tree& before, const Tree& after, size_t depth, bool resumes,
                    Piece& piece);
  void write(Piece& piece, const Tree& after, const std::optional<Entry>& from,
             const std::optional<Entry>& to);

  Tree before_, after_;
  KeyPath last_;  // the path of the last edit written
  uint64_t edits_ = 0;
};

// A payload that an edit sets by name: it must be in the store before the edit is made.
struct NamedPayload {
  KeyPath path;
  Payload payload;
};

// A piece of edits, read.
struct TreeEdits {
  std::vector<Edit> edits;
  std::vector<NamedPayload> named;
  uint64_t count = 0;
};

// `corrupt` for anything that EditWriter does not write: an order that does not rise, keys and
// paths beyond the limits, payloads in another form than their size asks for.
Result<TreeEdits> read_edits(BytesView piece);

}  // namespace ukstore
