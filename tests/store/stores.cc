#include "stores.h"

namespace ukstore::tests {

StoreUnderTest::StoreUnderTest(BackendKind kind, StoreOptions options) : kind_(kind) {
  if (kind_ == BackendKind::memory) {
    store_ = must(Store::open(make_memory_backend(), options));
  } else {
    place_.emplace();
    reopen(options);
  }
}

void StoreUnderTest::reopen(StoreOptions options) {
  if (kind_ == BackendKind::memory) return;
  store_.reset();
  auto backend = must(open_lmdb_backend(place_->options()));
  store_ = must(Store::open(std::move(backend), options));
}

namespace {

using MakeDraft =
    std::function<Result<CommitDraft>(Transaction& transaction, const std::optional<Head>& head)>;

// A commit that a branch is moved to, without its hint.
Head commit_to(Store& store, BytesView branch, const MakeDraft& make) {
  Head made;
  must(store.transact([&](Transaction& transaction) -> Result<void> {
    auto head = transaction.head(RefKind::branch, branch);
    if (!head) return pass_on(head);
    auto draft = make(transaction, *head);
    if (!draft) return pass_on(draft);
    auto commit = transaction.make_commit(std::move(*draft));
    if (!commit) return pass_on(commit);
    made = Head{commit->ref};
    return transaction.compare_and_set(RefKind::branch, branch, *head, made);
  }));
  made.ref.address = {};
  return made;
}

}  // namespace

Head StoreUnderTest::commit(BytesView branch, const EditTree& edit, BytesView message) {
  return commit_to(
      *store_, branch,
      [&](Transaction& transaction, const std::optional<Head>& head) -> Result<CommitDraft> {
        auto before = transaction.tree_of(branch);
        if (!before) return pass_on(before);
        auto tree = edit(*before);
        if (!tree) return pass_on(tree);
        CommitDraft draft{.tree = *tree, .message = Bytes(message)};
        if (head) draft.parents.push_back(head->ref);
        return draft;
      });
}

Head StoreUnderTest::set(BytesView branch, BytesView path, BytesView value) {
  return commit(branch, [&](const Tree& tree) { return tree.set(path, value); });
}

Head StoreUnderTest::commit_on(BytesView branch, std::vector<ObjectRef> parents, BytesView mark) {
  return commit_to(
      *store_, branch,
      [&](Transaction& transaction, const std::optional<Head>&) -> Result<CommitDraft> {
        return CommitDraft{
            .tree = Tree(transaction.objects()), .parents = parents, .message = Bytes(mark)};
      });
}

std::optional<Bytes> StoreUnderTest::get(BytesView branch, BytesView path) {
  return must(must(store_->branch_tree(branch)).get(path));
}

Head StoreUnderTest::head(BytesView branch) {
  auto head = must(store_->head(RefKind::branch, branch));
  if (!head) throw std::runtime_error("no branch " + Bytes(branch));
  return *head;
}

TransactionBody set_branch(Bytes name, std::optional<Head> next) {
  return [name = std::move(name), next](Transaction& transaction) -> Result<void> {
    auto head = transaction.head(RefKind::branch, name);
    if (!head) return pass_on(head);
    return transaction.compare_and_set(RefKind::branch, name, *head, next);
  };
}

}  // namespace ukstore::tests
