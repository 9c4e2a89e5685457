#pragma once
// The sending end of a stream of history: what a branch has and the receiver lacks, as pieces of
// records.

#include <ukstore/merge/mergeable.h>
#include <ukstore/store/history.h>
#include <ukstore/store/store.h>
#include <ukstore/sync/edits.h>
#include <ukstore/sync/record.h>

#include <memory>

namespace ukstore {

class Outflow {
 public:
  // A stream to a receiver whose table of names begins with `haves`, all of whose history it has.
  // The store outlives it.
  Outflow(const Store& store, std::span<const Hash> haves);

  // Goes on to `head`: plans all commits that it reaches and that the receiver lacks.  `hidden`
  // are further commits that the receiver has and that the table does not name.  Costs 32 bytes a
  // commit until they are sent.  The last plan must have been written out.
  Result<void> plan(const ObjectRef& head, std::span<const Hash> hidden = {});
  // What the plan leads to.
  const Hash& head() const { return head_.value().hash; }
  size_t commits_left() const { return todo_.size(); }

  // Appends records of about `bytes_max` bytes.  The record that publishes the head comes last.
  Result<More> append(Bytes& to, size_t bytes_max = kPieceBytes);

 private:
  Result<void> begin(const ObjectRef& ref);
  Result<Tree> tree_of(const ObjectRef& commit) const;
  Result<Base> choose_base(const Commit& commit, const Tree& after) const;
  Result<Tree> base_tree(const Commit& commit, const Base& base) const;

  const Store& store_;
  std::unique_ptr<CommitSource> commits_;
  NameTable names_;
  std::vector<Hash> haves_;      // tips of what the receiver has
  std::vector<ObjectRef> todo_;  // newest first
  std::optional<ObjectRef> head_;

  // The commit that is being written.
  struct Open {
    Hash hash;
    Bytes header;
    std::optional<EditWriter> edits;
    bool begun = false;
  };
  std::optional<Open> open_;
};

}  // namespace ukstore
