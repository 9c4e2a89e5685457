#pragma once
// The receiving end of a stream of history: reads records, makes every commit anew, and lands what
// proved true.
//
// Invariants:
// 1. Nothing is believed.  A commit's name is the hash of the bytes that this end encodes; its tree
//    is what the edits make of a tree that was here before, and the stream ends in `corrupt` if
//    that has another root than the commit says; its generation is one above its parents'.
// 2. What is staged is closed under parents and children, so whatever was written before a stream
//    broke off is good to build on.
// 3. Nothing is visible before `land`, which moves heads in one transaction.
// 4. A commit may only build on what the sender was told of or sent itself, so that naming a commit
//    of another branch by a guess leads nowhere.
// 5. Every commit passes a check of what its state means before it counts as received.  The check
// is
//    given: this library does not know what states are.

#include <ukstore/merge/merge_commit.h>
#include <ukstore/store/history.h>
#include <ukstore/store/links.h>
#include <ukstore/sync/edits.h>
#include <ukstore/sync/peer_has.h>
#include <ukstore/sync/places.h>
#include <ukstore/sync/record.h>

#include <unordered_set>

namespace ukstore {

// Merges a commit into a branch, within the transaction that lands it.
using MergeFunction =
    std::function<Result<MergeOutcome>(Transaction&, const Bytes& branch, const ObjectRef& theirs)>;

// Whether a received commit, whose parents have passed, is one that a writer or the rules of
// merging would have made.
using CommitCheck =
    std::function<Result<void>(const CommitSource&, const ObjectRef& commit, const TypeRegistry&)>;
// The check of merge/foreign.h.  Where a merge cannot be made again because a kind is not known
// here, its form alone is checked.
Result<void> check_received(const CommitSource& source, const ObjectRef& commit,
                            const TypeRegistry& types);

struct IntakeOptions {
  // What making the edits of one record may write: so much, and so much for each edit.  Keys that
  // were ground to have no boundaries make an edit rewrite long runs of nodes.
  uint64_t written_bytes_base = 4 << 20;
  uint64_t written_bytes_per_edit = 256 << 10;
  uint64_t commits_max = UINT64_MAX;
  // Staged objects are written when they take this much, and when this much of a stream has come
  // since they were.
  size_t unwritten_bytes_max = 4 << 20;
  size_t checkpoint_bytes = 256 << 10;
  // None: the canonical merge, by the rule of rest.
  MergeFunction merge{};
  // Told of each commit that is staged, by its generation: they come in the order of those.
  std::function<void(uint64_t generation)> staged{};
  CommitCheck check = check_received;
};

// Objects that a stream names and that must be here before it goes on.
struct Wanted {
  Hash commit;   // whose state holds it
  KeyPath path;  // the entry whose payload it is; empty: the root of the tree
  Hash object;
  Link::Role role{};  // rope or root
};

// Where a stream lands.
struct Landing {
  Bytes
      tracking{};  // the branch that says where the sender's branch is, such as "remotes/NAME/main"
  std::optional<Bytes> merge_into{};  // a local branch
  Bytes note{};
  int64_t when_ms = 0;
};

struct Landed {
  ObjectRef head;        // of the sender
  uint64_t commits = 0;  // new ones
  std::optional<MergeOutcome> merge{};
  // Why the merge did not take place though it was asked for: a kind that this program does not
  // know, a budget.  The head is tracked all the same.
  std::optional<Error> not_merged{};
};

class Intake {
 public:
  // Both outlive this.  What is staged is remembered under the name of the tracking branch.
  Intake(Store& store, const TypeRegistry& types, Landing landing, IntakeOptions options = {},
         std::shared_ptr<const PeerHas> peer = {});
  ~Intake();

  // Tells what the sender was told: the names that begin the table.
  void told(std::span<const Hash> haves);

  // Reads a piece up to its end, or up to what is wanted first: then fetch it (`supply`) and
  // `go_on`.  Any error is for good.
  Result<std::optional<Wanted>> take(Bytes piece);
  Result<std::optional<Wanted>> go_on();
  // Whether an object is here, with all below it.
  Result<bool> has(const Hash& object) const;
  // An object that was wanted, or one below it; what it names must be here.
  Result<void> supply(ObjectKind kind, BytesView bytes, const Hash& expected);

  // The sender did what no honest one does: nothing of the stream is kept.
  void give_up(Error why) {
    if (!broken_) broken_ = std::move(why);
  }

  // A commit that the sender says it is at, without a stream: as if it had been published.
  Result<void> adopt(const Hash& head);
  // The head that the stream has published and that has not landed.
  const std::optional<Hash>& published() const { return published_; }
  Result<Landed> land();

  // Writes what is staged, so that a later stream may build on it (`staged_tips`): done by itself
  // now and then, so that a stream that breaks off has little to send again.
  Result<void> checkpoint();

  uint64_t edits() const { return edits_; }

 private:
  struct OpenCommit {
    CommitHeader header;
    Bytes encoded;
    Hash hash;
    std::optional<Tree> tree;  // so far; none: it is here already, and its edits are passed over
    bool merged = false;       // the tree is a merge that was made here
  };
  class Commits;  // the stored ones and those that are staged here

  Result<std::optional<Wanted>> read_record();
  Result<void> begin(BytesView& body);
  Result<std::optional<Wanted>> make_edits(BytesView body);
  Result<std::optional<Wanted>> go_on_with_edits();
  Result<void> apply(const TreeEdits& edits);
  // Where an object lies, if it is here.
  Result<std::optional<Address>> locate(const Hash& object) const;
  Result<std::optional<Wanted>> finish_commit();
  Result<Tree> starting_tree(const CommitHeader& header);
  Result<Tree> merged_tree(const Commit& commit);
  Result<std::optional<ObjectRef>> find_commit(const Hash& hash) const;
  Result<ObjectRef> admit(const Hash& hash);
  Result<ObjectRef> stage(OpenCommit& open);
  Result<void> verify(const OpenCommit& open, const ObjectRef& staged) const;
  Result<void> publish(BytesView body);
  Result<void> relieve();
  Result<void> write_staged();
  Result<void> forget_staged(Transaction& transaction) const;
  Result<void> remake(Transaction& transaction) const;

  Store& store_;
  const TypeRegistry& types_;
  const Landing landing_;
  const IntakeOptions options_;
  const std::shared_ptr<const PeerHas> peer_;
  std::unordered_map<Hash, ObjectRef> fresh_;  // commits of this stream that are staged
  std::unique_ptr<CommitSource> source_;
  std::shared_ptr<Arena> arena_;
  NameTable names_;
  std::vector<Hash> haves_;

  Bytes piece_;
  BytesView rest_;
  std::optional<OpenCommit> open_;
  std::optional<TreeEdits> waiting_;  // edits whose payloads are wanted
  bool waits_for_nodes_ = false;
  bool ends_ = false;  // the record that is being read ends its commit

  std::unordered_map<Hash, Address> objects_;  // supplied and not yet written
  // While the stream is small its commits are made in the transaction that lands it.
  struct Draft {
    Hash hash;
    Commit commit;
    Tree tree;
  };
  std::vector<Draft> drafts_;
  bool drafted_ = true;
  std::unordered_set<Hash> tips_;  // commits of this stream that none builds on
  std::optional<Hash> published_;
  size_t bytes_since_checkpoint_ = 0;
  uint64_t commits_ = 0;
  uint64_t edits_ = 0;
  std::optional<Error> broken_;
};

// The commits that a stream to that tracking branch staged before it broke off: all of their
// history is here.
Result<std::vector<Hash>> staged_tips(const Store& store, BytesView tracking);

}  // namespace ukstore
