#pragma once
// Commits and tags: what a branch was, where it came from, and who says so.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <optional>
#include <utility>
#include <vector>

namespace ukstore {

// Who and when, as git has it: a name and address (raw bytes), seconds since 1970 (may be
// negative), and the offset of the local time in minutes (kept, never used).
struct Signature {
  Bytes name;  // "A U Thor <author@example.com>": any bytes but NUL and newline
  int64_t seconds = 0;
  int32_t offset_minutes = 0;
  bool operator==(const Signature&) const = default;
};

// A commit as a value.  Everything but the hints (the refs' addresses) is in its hash.
struct Commit {
  ObjectRef tree;
  std::vector<ObjectRef> parents;  // sorted by hash, unique
  uint64_t generation = 1;         // 1 + the highest generation of a parent
  bool canonical_merge = false;    // made by the rules alone: no signatures, message or headers
  std::optional<Signature> author;
  std::optional<Signature> committer;
  Bytes message;
  // Further headers, sorted by name then value: what foreign histories need ("encoding", "gpgsig",
  // the original order of parents).
  std::vector<std::pair<Bytes, Bytes>> headers;

  bool operator==(const Commit&) const = default;
};

// A commit with its own name.  `jump` is the ancestor 2^ctz(generation) generations back along the
// parents of the highest generation (or as far as the history goes): a hint like addresses, not
// hashed.
struct StoredCommit {
  ObjectRef ref;
  Commit commit;
  Address jump;
};

struct Tag {
  ObjectRef target;
  ObjectKind target_kind = ObjectKind::commit;
  Bytes name;
  std::optional<Signature> tagger;
  Bytes message;
  std::vector<std::pair<Bytes, Bytes>> headers;
  bool operator==(const Tag&) const = default;
};

// The canonical bytes, and back.  Decoding accepts exactly what encoding gives (`corrupt`
// otherwise) and never trusts a length; refs come back with the addresses of the view's side array:
// tree, parents in order, jump for a commit; target for a tag.
Bytes encode(const Commit& commit);
Bytes encode(const Tag& tag);
Result<StoredCommit> decode_commit(const Hash& hash, Address address, const ObjectView& view);
Result<Tag> decode_tag(const ObjectView& view);

// The structural checks for `validate`.
Result<void> validate_commit(BytesView bytes, uint32_t side_count);
Result<void> validate_tag(BytesView bytes, uint32_t side_count);

}  // namespace ukstore
