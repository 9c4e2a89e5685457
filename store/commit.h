#pragma once
// Commits and tags: what a branch was, where it came from, and who says so.
// Their bytes are drawn in docs/format.md, "Commits" and "Tags".

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <optional>
#include <utility>
#include <vector>

namespace ukstore {

// The most that the canonical bytes of a commit or tag may take.
constexpr size_t kCommitBytesMax = 512 * 1024;

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
  // the original order of parents).  A name is not empty and holds no NUL, space or newline.
  std::vector<std::pair<Bytes, Bytes>> headers;

  bool operator==(const Commit&) const = default;
};

// A commit with its own name.  `jump` is the ancestor 2^ctz(generation) generations back along the
// parents of the highest generation, the smallest hash among equals (or as far as the history
// goes); none for a commit without parents.  It is a hint like addresses, not hashed.
struct StoredCommit {
  ObjectRef ref;
  Commit commit;
  Address jump;
};

struct Tag {
  ObjectRef target;
  ObjectKind target_kind = ObjectKind::commit;
  Bytes name;  // not empty, no NUL or newline
  std::optional<Signature> tagger;
  Bytes message;
  std::vector<std::pair<Bytes, Bytes>> headers;  // as in a commit
  bool operator==(const Tag&) const = default;
};

// Whether a commit or tag may be encoded: `invalid`, naming what breaks the rules above, or
// nothing.
Result<void> check(const Commit& commit);
Result<void> check(const Tag& tag);

// The canonical bytes of what passes `check`.
Bytes encode(const Commit& commit);
Bytes encode(const Tag& tag);

// And back.  Decoding accepts exactly what encoding gives (`corrupt` otherwise, `unsupported` for a
// later version) and never trusts a length; refs come back with the addresses of the view's side
// array: tree, parents in order, jump for a commit; target for a tag.
Result<StoredCommit> decode_commit(const Hash& hash, Address address, const ObjectView& view);
Result<Tag> decode_tag(const ObjectView& view);

// How many addresses the side array of a commit holds: tree, parents, jump.
constexpr size_t commit_side_count(size_t parents) { return parents + 2; }

// The links of a commit, read in place: for walks over many commits.  The view must have passed
// `validate_commit` (all that ObjectStore::load returns has) and outlives this.
class CommitLinks {
 public:
  CommitLinks() = default;
  explicit CommitLinks(const ObjectView& view) : view_(view) {}

  uint64_t generation() const { return load_le<uint64_t>(view_.bytes.data() + 8); }
  size_t parent_count() const { return load_le<uint16_t>(view_.bytes.data() + 2); }
  bool canonical_merge() const { return view_.bytes[1] & 1; }
  ObjectRef tree() const { return {Hash::load(view_.bytes.data() + 16), view_.address(0)}; }
  ObjectRef parent(size_t i) const {
    return {Hash::load(view_.bytes.data() + 48 + 32 * i), view_.address(1 + i)};
  }
  Address jump() const { return view_.address(1 + parent_count()); }
  const ObjectView& view() const { return view_; }

 private:
  ObjectView view_;
};

// The structural checks for `validate`: how many addresses the side array must have.
Result<uint32_t> validate_commit(BytesView bytes);
Result<uint32_t> validate_tag(BytesView bytes);

}  // namespace ukstore
