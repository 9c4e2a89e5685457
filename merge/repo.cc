#include <ukstore/merge/repo.h>

#include <ukstore/merge/merge_commit.h>
#include <ukstore/merge/store_graph.h>

namespace ukstore {

Result<std::unique_ptr<Repo>> Repo::open(std::unique_ptr<Backend> backend, RepoOptions options) {
  // A lazy writer's crash may forget numbers that others have seen.
  if (options.store.durability == Durability::lazy) options.incarnation.clear();
  auto store = Store::open(std::move(backend), options.store);
  if (!store) return pass_on(store);
  auto repo = std::make_unique<Repo>(**store, std::move(options));
  repo->owned_ = std::move(*store);
  return repo;
}

Repo::Repo(Store& store, RepoOptions options)
    : store_(&store),
      options_(std::move(options)),
      // Without an incarnation of the caller's every repository is one of its own.
      writers_(options_.new_replica_id, options_.incarnation.empty()
                                            ? Bytes(options_.new_replica_id().view())
                                            : options_.incarnation) {}

Repo::~Repo() = default;

Result<std::vector<Bytes>> Repo::branches() const {
  auto refs = store_->refs(RefKind::branch);
  if (!refs) return pass_on(refs);
  std::vector<Bytes> names;
  for (auto& [name, head] : *refs) names.push_back(std::move(name));
  return names;
}

Result<State> Repo::state_at(const ObjectRef& ref) const {
  auto commit = store_->commit(ref);
  if (!commit) return pass_on(commit);
  auto tree = store_->tree(*commit);
  if (!tree) return pass_on(tree);
  return State(std::move(*tree));
}

Result<Committed> Repo::commit(const Bytes& branch, const WriteFunction& write,
                               const CommitInfo& info) {
  Committed committed;
  auto body = [&](Transaction& transaction) -> Result<void> {
    committed = {};
    auto head = head_of(transaction, branch);
    if (!head) return pass_on(head);
    auto tree = transaction.tree_of(branch);
    if (!tree) return pass_on(tree);
    if (*head) committed.head = (*head)->ref;
    auto mint = writers_.mint(transaction, branch, *head ? (*head)->generation + 1 : 1);
    if (!mint) return pass_on(mint);
    Tx tx(State(*tree), *mint);
    write(tx);
    auto next = tx.finish();
    if (!next) return pass_on(next);
    if (next->tree() == *tree) return {};
    auto made = commit_state(transaction, *next, parents_of(*head), info);
    if (!made) return pass_on(made);
    if (auto ok = writers_.keep(transaction, branch, tx.mint_left()); !ok) return ok;
    if (auto ok = move_head(transaction, branch, *head, made->ref); !ok) return ok;
    committed = {made->ref, made->ref};
    return {};
  };
  auto receipt = store_->transact(body, journal_options(info));
  if (!receipt) return pass_on(receipt);
  return committed;
}

// ---- Branch.

Result<std::optional<ObjectRef>> Branch::head() const {
  auto head = repo_->store_->head(RefKind::branch, name_);
  if (!head) return pass_on(head);
  if (!*head) return std::nullopt;
  return (*head)->ref;
}

Result<State> Branch::state() const {
  auto tree = repo_->store_->branch_tree(name_);
  if (!tree) return pass_on(tree);
  return State(std::move(*tree));
}

Result<std::optional<Bytes>> Branch::get(BytesView path) const {
  auto now = state();
  if (!now) return pass_on(now);
  return now->get(path);
}

Result<Committed> Branch::set(BytesView path, BytesView bytes, CommitInfo info) {
  return transact([&](Tx& tx) { tx.set(path, bytes); }, std::move(info));
}

Result<Committed> Branch::remove(BytesView path, CommitInfo info) {
  return transact([&](Tx& tx) { tx.remove(path); }, std::move(info));
}

Result<Committed> Branch::transact(const WriteFunction& write, CommitInfo info) {
  return repo_->commit(name_, write, info);
}

Result<Branch> Branch::fork(BytesView name) const {
  auto at = head();
  if (!at) return pass_on(at);
  Branch branch(*repo_, Bytes(name));
  if (!*at) {
    return fail(Error::Kind::not_found, "there is no branch " + printable(name_) + " to fork");
  }
  if (auto ok = branch.move(std::nullopt, **at, "fork " + name_); !ok) return pass_on(ok);
  return branch;
}

Result<void> Branch::move(const std::optional<ObjectRef>& expected,
                          const std::optional<ObjectRef>& next, Bytes note) {
  auto as_head = [](const std::optional<ObjectRef>& ref) {
    return ref ? std::optional(Head{*ref, ObjectKind::commit}) : std::nullopt;
  };
  auto body = [&](Transaction& transaction) {
    return transaction.compare_and_set(RefKind::branch, name_, as_head(expected), as_head(next));
  };
  auto receipt = repo_->store_->transact(body, {.note = std::move(note)});
  if (!receipt) return pass_on(receipt);
  return {};
}

Result<void> Branch::drop() {
  auto at = head();
  if (!at) return pass_on(at);
  if (!*at) return {};
  return move(*at, std::nullopt, "remove " + name_);
}

uint64_t Branch::watch(Store::WatchCallback callback, std::optional<Bytes> path) const {
  return repo_->store_->watch({.branch = name_, .path = std::move(path)}, std::move(callback));
}

}  // namespace ukstore
