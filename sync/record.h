#pragma once
// What a stream of history is made of: records, in pieces of whole records (docs/protocol.md,
// "Records").
//
//   commit, whole or in parts: what it says, how its state comes about, and the edits for that
//   publish: the stream has said all that this commit needs
//
// The commits of a stream stand parents first.

#include <ukstore/store/commit.h>
#include <ukstore/sync/names.h>

namespace ukstore {

constexpr size_t kPieceBytes = 64 * 1024;      // what a writer aims at
constexpr size_t kPieceBytesMax = 256 * 1024;  // what a reader takes

// The first byte of a record.  A commit with many edits is begun in one record and ended in a later
// one.
enum class RecordType : uint8_t {
  more = 0,   // edits of the commit that is open
  begin = 1,  // a commit, with its first edits
  end = 2,    // its last edits
  whole = 3,  // a commit with all of its edits
  publish = 4,
};

struct Record {
  RecordType type{};
  BytesView body;
};
void append_record(Bytes& to, RecordType type, BytesView body);
// Takes a record off the front; `corrupt` if the bytes do not begin with one.
Result<Record> take_record(BytesView& from);

// How the state of a commit comes about.
struct Base {
  enum class From : uint8_t {
    edits_of_empty = 0,   // edits of the empty tree
    edits_of_parent = 1,  // edits of the tree of one parent
    edits_of_merge = 2,   // edits of the canonical merge of all parents
    merge = 3,            // the canonical merge of all parents, without edits
    objects = 4,          // the receiver asks for its nodes
  } from{};
  uint16_t parent = 0;
  bool operator==(const Base&) const = default;
};

struct CommitHeader {
  Commit commit;
  Base base;
};

void append_header(Bytes& to, const CommitHeader& header, const NameTable& names);
// Takes a header off the front.  What it says has passed `check`; whether parents are known and the
// generation is theirs plus one is the caller's to see.
Result<CommitHeader> take_header(BytesView& from, const NameTable& names);

}  // namespace ukstore
