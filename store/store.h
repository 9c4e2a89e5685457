#pragma once
// A store: branches whose heads are commits, changed by transactions, on a backend.
//
// Invariants:
// 1. A head names a commit whose whole history and tree are in the store.
// 2. Objects, heads, tags, private records and the journal entry of one transaction become true
// together.
// 3. A transaction that was acknowledged as durable survives any crash.
// 4. Every change of a head or tag is one journal entry; the journal is the reflog, and undo and
// redo are
//    steps in it.
//
// Group commit: transactions that wait at the same time are run one after another, each on the
// heads that the one before it left, by the thread that came first, and share one flush.  A
// function that lost nothing needs no retry: it is simply run on the newest state, so 64 writers of
// one branch all succeed. Functions run under the store's writer lock: prepare large trees before,
// in arenas of their own.

#include <ukstore/store/commit.h>
#include <ukstore/store/tree.h>

#include <chrono>

namespace ukstore {

class CommitSource;

// A branch or tag name: 1 to 255 bytes, no NUL, no leading or trailing '/', no "//", no step "." or
// "..".
constexpr size_t kRefNameBytesMax = 255;
Result<void> check_ref_name(BytesView name);

// The key of a private record is 1 to 255 bytes, of any values.
constexpr size_t kPrivateKeyBytesMax = 255;

enum class RefKind : uint8_t { branch = 'h', tag = 't' };

// What a branch or tag points to.  Branches point to commits; tags to any object.
struct Head {
  ObjectRef ref;
  ObjectKind kind = ObjectKind::commit;
  bool operator==(const Head&) const = default;
};

// A branch or tag with what it points to.
struct Ref {
  RefKind kind = RefKind::branch;
  Bytes name;
  Head head;
  bool operator==(const Ref&) const = default;
};

// What a new commit is made of; parents and generation come from what is given and from the store.
struct CommitDraft {
  Tree tree;
  std::vector<ObjectRef> parents;  // any order, duplicates fall away
  bool canonical_merge = false;
  std::optional<Signature> author{};
  std::optional<Signature> committer{};
  Bytes message{};
  std::vector<std::pair<Bytes, Bytes>> headers{};
};

// One change of a ref, as the journal keeps it.
struct RefChange {
  RefKind kind = RefKind::branch;
  Bytes name;
  std::optional<Head> before;
  std::optional<Head> after;
  bool operator==(const RefChange&) const = default;
};

struct JournalEntry {
  enum class Kind : uint8_t { change = 0, undo = 1, redo = 2 };
  uint64_t sequence = 0;  // 1, 2, 3, ... without gaps
  Kind kind = Kind::change;
  uint64_t target = 0;  // for undo and redo: the entry that is taken back or done again
  int64_t when_ms = 0;  // as the caller said; nothing depends on it
  Bytes note;           // what was done, such as the command line
  std::vector<RefChange> changes;
  bool operator==(const JournalEntry&) const = default;
};

// What a transaction sees and does.  Valid during the caller's function, and so are the addresses
// in what it returns; names stay good.  Trees may be kept: they hold what they need.
class Transaction {
 public:
  virtual ~Transaction() = default;

  virtual const ObjectStore& objects() const = 0;
  // The head as the transactions before this one left it.
  virtual Result<std::optional<Head>> head(RefKind kind, BytesView name) const = 0;
  virtual Result<StoredCommit> commit_at(const ObjectRef& ref) const = 0;
  virtual Result<Tree> tree_at(const StoredCommit& commit) const = 0;
  // The tree of a branch's head; the empty tree if there is no such branch.
  virtual Result<Tree> tree_of(BytesView branch) const = 0;

  // For walks over the history (history.h), with the commits staged here.
  virtual const CommitSource& commits() const = 0;

  // Stages a commit: sorts parents, computes its generation, checks that they are commits.
  virtual Result<StoredCommit> make_commit(CommitDraft draft) = 0;
  virtual Result<ObjectRef> make_tag(const Tag& tag) = 0;

  // Moves a ref from `expected` to `next`; `moved`, naming both, if it is not at `expected`.
  // nullopt is an absent ref.
  virtual Result<void> compare_and_set(RefKind kind, BytesView name,
                                       const std::optional<Head>& expected,
                                       const std::optional<Head>& next) = 0;

  // Private records of this store (keys, replica ids, configuration): never part of any history.
  virtual Result<std::optional<Bytes>> record(BytesView key) const = 0;
  virtual Result<void> put_record(BytesView key, BytesView value) = 0;
  virtual Result<void> erase_record(BytesView key) = 0;
};

// How undo and redo take a ref back from `back.before`, where the entry left it, to `back.after`.
using StepBack = std::function<Result<void>(Transaction&, const RefChange& back)>;

// May run more than once (it must not keep state between runs); an error undoes this transaction
// alone.
using TransactionBody = std::function<Result<void>(Transaction&)>;

struct TransactOptions {
  Bytes note{};                            // for the journal
  int64_t when_ms = 0;                     // for the journal
  std::optional<Durability> durability{};  // else the store's
};

// What came of a transaction.
struct Receipt {
  uint64_t sequence = 0;  // of its journal entry; 0 if no ref changed
  std::vector<RefChange> changes;
};

struct StoreOptions {
  Durability durability = Durability::durable;
  // Lazy transactions wait in memory until this much is staged, until a durable one comes, for
  // `flush`, or until the first of them has waited this long.  While some wait, writers in other
  // processes are kept out.
  size_t lazy_bytes_max = 4 << 20;
  std::chrono::milliseconds lazy_time_max{1000};
};

// A subscription to changes: of all refs, of one branch, or of a path in a branch.
struct WatchFilter {
  std::optional<Bytes> branch{};
  std::optional<Bytes> path{};  // needs a branch
};

constexpr size_t kWatchPathsMax = 1000;

struct WatchEvent {
  uint64_t sequence = 0;  // of the journal entry that made it; resume from here
  RefChange change;
  // For path watches: the full paths of the payloads that differ, at the path or below it, in
  // order; the first kWatchPathsMax of them.
  std::vector<Bytes> paths;
};

class Store {
 public:
  // Opens the store on a backend, making an empty one on an empty backend.  `unsupported` for a
  // format or hash algorithm this version does not know, `corrupt` if its records contradict each
  // other.
  static Result<std::unique_ptr<Store>> open(std::unique_ptr<Backend> backend,
                                             StoreOptions options = {});
  virtual ~Store() = default;

  virtual const ObjectStore& objects() const = 0;

  // ---- Reading.  Lazy transactions of this store that still wait are seen.
  virtual Result<std::optional<Head>> head(RefKind kind, BytesView name) const = 0;
  virtual Result<std::vector<std::pair<Bytes, Head>>> refs(RefKind kind) const = 0;
  virtual Result<StoredCommit> commit(const ObjectRef& ref) const = 0;
  virtual Result<Tree> tree(const StoredCommit& commit) const = 0;
  // The tree of a branch's head; the empty tree if there is no such branch.
  virtual Result<Tree> branch_tree(BytesView branch) const = 0;
  virtual Result<Tag> tag(const ObjectRef& ref) const = 0;
  virtual Result<std::optional<Bytes>> record(BytesView key) const = 0;

  // For walks over the history (history.h), with what waits.  The store outlives it.
  virtual Result<std::unique_ptr<CommitSource>> commits() const = 0;

  // ---- Writing.  From any thread, but not within a transaction's function (`invalid`).  After a
  // failed flush all that waited is lost, and every writing call fails with `read_only` until the
  // store is opened again.
  virtual Result<Receipt> transact(const TransactionBody& body, TransactOptions options = {}) = 0;
  // Waits until all that was acknowledged, lazily too, is on disk.
  virtual Result<void> flush() = 0;
  // Flushes and refuses further use with `closed`.  Done by the destructor too, which cannot
  // report.
  virtual Result<void> close() = 0;
  // An arena that writes early what exceeds a few MiB; for PayloadWriter and TreeBuilder.
  virtual std::shared_ptr<Arena> new_spilling_arena() = 0;

  // ---- The journal.
  virtual Result<uint64_t> last_sequence() const = 0;
  // Entries from `from` on, at most `limit`, in order; backward: from `from` (0: the newest) down.
  virtual Result<std::vector<JournalEntry>> journal(uint64_t from, size_t limit,
                                                    Direction direction) const = 0;
  // All refs as they were after the entry of that number (0: before the first), sorted by kind and
  // name.  Costs what came since.
  virtual Result<std::vector<Ref>> heads_at(uint64_t sequence) const = 0;
  // Takes back the newest entry not yet taken back; does again the newest taken back.  `moved` if a
  // ref is not where the entry left it, `not_found` if there is nothing to undo or redo.
  // `step_back` is called for each ref of the entry in place of moving it: it must change it.
  virtual Result<Receipt> undo(TransactOptions options = {}, const StepBack& step_back = {}) = 0;
  virtual Result<Receipt> redo(TransactOptions options = {}, const StepBack& step_back = {}) = 0;

  // ---- Watches.  Events after sequence `after`, at most `limit`, from the journal: nothing is
  // lost however slow the watcher, and a watch resumes after a restart from the last sequence it
  // saw. The events of one entry come together, so one entry alone may exceed the limit.
  virtual Result<std::vector<WatchEvent>> changes(const WatchFilter& filter, uint64_t after,
                                                  size_t limit) const = 0;
  // Waits until the journal has entries after `after` or the time is up; false if it is up.
  virtual Result<bool> wait(uint64_t after, std::chrono::milliseconds timeout) const = 0;
  // Calls `callback` after each acknowledged transaction of this store with matching changes, from
  // the thread that committed.  What one callback throws is swallowed and counted; the others still
  // run.
  using WatchCallback = std::function<void(const WatchEvent&)>;
  virtual uint64_t watch(WatchFilter filter, WatchCallback callback) = 0;
  // No call to that callback starts after this returns.
  virtual void unwatch(uint64_t id) = 0;
  // How often a callback has thrown.
  virtual uint64_t watch_failures() const = 0;
};

}  // namespace ukstore
