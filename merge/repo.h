#pragma once
// A repository: branches of typed values on a store.  Start here.
//
//     auto repo = Repo::open(make_memory_backend());           // or open_lmdb_backend({...})
//     Branch main = (*repo)->branch("main");
//     main.set("notes/today", "hi");
//     Branch draft = *main.fork("draft");
//     draft.transact([](Tx& tx) { tx.at<Counter>("stock/42").add(-1); });
//     main.merge(draft);
//     main.state()->at<Counter>("stock/42").value();           // -1
//
// Writers never wait for each other across replicas: they merge.  A merge never fails because two
// writers disagree; where the types do not say otherwise, both values stay (state.h).

#include <ukstore/merge/engine.h>
#include <ukstore/merge/merge_options.h>
#include <ukstore/merge/replay.h>
#include <ukstore/merge/replica.h>

#include <memory>

namespace ukstore {

class Repo;
class ReplayOntoBranch;
class Session;

using WriteFunction = std::function<void(Tx&)>;

// What came of a transaction.
struct Committed {
  std::optional<ObjectRef> commit;  // nullopt if nothing changed: then none was made
  ObjectRef head;                   // of the branch afterwards; empty if the branch is absent
};

// How an update meets what others wrote while its function ran.
enum class Strategy {
  set,           // the function runs again on the newest state: nothing is lost, it never fails
  test_and_set,  // `moved` if what stands at the path has changed, once the retries are used up
  merge,         // the update becomes a commit on what it saw, and is merged: it never fails
};
struct UpdateOptions {
  Strategy strategy = Strategy::merge;
  uint32_t retries = 0;
  Bytes path{};  // for test_and_set; the whole branch if empty
};

// A handle to a branch, which need not exist yet.  Copies freely; the repository outlives it.
class Branch {
 public:
  const Bytes& name() const { return name_; }
  // The commit that it is at; nullopt if there is no such branch.
  Result<std::optional<ObjectRef>> head() const;
  // What it holds now; empty if there is no such branch.
  Result<State> state() const;
  // As State::get.
  Result<std::optional<Bytes>> get(BytesView path) const;

  // ---- Writing.  Each call is one commit, or none if nothing changes.
  Result<Committed> set(BytesView path, BytesView bytes, CommitInfo info = {});
  Result<Committed> remove(BytesView path, CommitInfo info = {});
  // Runs `write` on the newest state, within the store's writer lock; all that it writes is one
  // commit.  It may run more than once.
  Result<Committed> transact(const WriteFunction& write, CommitInfo info = {});
  // Runs `write` outside the lock, on what the branch holds when it starts: for functions that take
  // long.
  Result<Committed> update(const WriteFunction& write, UpdateOptions options = {},
                           CommitInfo info = {});

  // ---- Merging.
  // Merges the head of another branch, or a commit, into this one.  The merge is made outside of
  // the store's writer lock, and again within it only if a head moves meanwhile.  `unsupported` if
  // both sides changed a value of a kind that this program does not know: then nothing changed, and
  // both heads stay as they are.
  Result<MergeOutcome> merge(const Branch& from, MergeOptions options = {});
  Result<MergeOutcome> merge(const ObjectRef& commit, MergeOptions options = {});

  // ---- Conflicts (State::conflicts lists them, State::value and Value::choices show them).
  // Ends a conflict by a value, or by keeping one of its choices, counted from 0.  `invalid` if
  // there is no conflict at the path, or no such choice.
  Result<Committed> resolve(BytesView path, BytesView bytes, CommitInfo info = {});
  Result<Committed> choose(BytesView path, size_t index, CommitInfo info = {});

  // ---- Doing again and taking back (replay.h).
  // Does to this branch what a commit did.
  Result<ReplayOutcome> cherry_pick(const ObjectRef& commit, ReplayOptions options = {});
  // Takes back what a commit did, where it is so still.
  Result<ReplayOutcome> revert(const ObjectRef& commit, ReplayOptions options = {});
  // Makes this branch what a commit holds: moves the head there or, if the branch is shared,
  // commits the inverse of what came since.
  Result<ReplayOutcome> reset(const ObjectRef& commit, CommitInfo info = {});
  // Others may hold this branch from now on: whoever pushes, serves or fetches it says so.
  Result<void> mark_shared();
  Result<bool> is_shared() const;

  // ---- The branch itself.
  // A new branch at this one's head.  `moved` if there is one of that name.
  Result<Branch> fork(BytesView name) const;
  // Moves the head from `expected` to `next` (nullopt: no such branch); `moved` if it is elsewhere.
  Result<void> move(const std::optional<ObjectRef>& expected, const std::optional<ObjectRef>& next,
                    Bytes note = {});
  Result<void> drop();

  // Calls `callback` after each change of the branch, or of what is at or below `path`; the id ends
  // it (Repo::store().unwatch).
  uint64_t watch(Store::WatchCallback callback, std::optional<Bytes> path = {}) const;

 private:
  friend class Repo;
  friend class Session;
  struct Drafted;
  Result<ReplayOutcome> replay_in_transaction(
      const CommitInfo& info,
      const std::function<Result<ReplayOutcome>(ReplayOntoBranch&, Transaction&)>& run);
  Branch(Repo& repo, Bytes name) : repo_(&repo), name_(std::move(name)) {}
  // The commit to merge, as a transaction finds it.
  using FindCommit = std::function<Result<ObjectRef>(Transaction&)>;
  Result<MergeOutcome> merge_found(const FindCommit& find, const std::optional<Head>& seen,
                                   const MergeOptions& options);
  Result<Drafted> draft(const WriteFunction& write, const Writers::Lease& writer);
  Result<std::optional<Committed>> land(Transaction& transaction, const Drafted& draft,
                                        const UpdateOptions& options, const CommitInfo& info);
  Repo* repo_;
  Bytes name_;
};

struct RepoOptions {
  StoreOptions store{};
  TypeRegistry types{};  // of the program's own types
  MergeBudget budget{};
  // See replica.h.  Empty: every opened repository writes under new replica ids.
  Bytes incarnation{};
  NewReplicaId new_replica_id = random_replica_id;
};

class Repo {
 public:
  // As Store::open.
  static Result<std::unique_ptr<Repo>> open(std::unique_ptr<Backend> backend,
                                            RepoOptions options = {});
  // On a store that outlives it.
  Repo(Store& store, RepoOptions options);
  ~Repo();
  Repo(const Repo&) = delete;
  Repo& operator=(const Repo&) = delete;

  Branch branch(BytesView name) { return Branch(*this, Bytes(name)); }
  Result<std::vector<Bytes>> branches() const;
  // What a commit holds.
  Result<State> state_at(const ObjectRef& commit) const;

  // A session on a branch (session.h).
  Result<Session> session(BytesView public_branch);
  Result<Session> resume(std::string_view token, BytesView public_branch,
                         std::chrono::milliseconds timeout);

  // Takes back the newest entry of the journal that is not taken back, and does it again.  Heads
  // move back and forth; those of shared branches go on to a commit of the inverse.  Errors as
  // Store::undo.
  Result<Receipt> undo(CommitInfo info = {});
  Result<Receipt> redo(CommitInfo info = {});

  // History, journal, watches, tags: the store below.
  Store& store() { return *store_; }
  const Store& store() const { return *store_; }
  const TypeRegistry& types() const { return options_.types; }

 private:
  friend class Branch;
  friend class Session;
  Result<Committed> commit(const Bytes& branch, const WriteFunction& write, const CommitInfo& info);
  Result<void> step_back(Transaction& transaction, const RefChange& back, const CommitInfo& info);

  std::unique_ptr<Store> owned_;
  Store* store_;
  RepoOptions options_;
  Writers writers_;
};

}  // namespace ukstore
