#include <ukstore/bench/store/our_store.h>

namespace ukstore::bench {

std::unique_ptr<Store> open_store(const std::filesystem::path& folder, StoreOptions options) {
  auto backend = must(open_lmdb_backend({.path = folder, .create = LmdbOptions::Create::yes}));
  return must(Store::open(std::move(backend), options));
}

void fill(Store& store, const std::vector<std::string>& keys, std::string_view directory) {
  TreeBuilder builder(store.objects(), store.new_spilling_arena());
  for (size_t i = 0; i < keys.size(); ++i) must(builder.add(keys[i], 0, value(i)));
  Tree tree = must(builder.finish());
  if (!directory.empty()) tree = must(Tree(store.objects()).set_tree(directory, tree));
  must(store.transact([&](Transaction& transaction) -> Result<void> {
    const auto commit = transaction.make_commit({.tree = tree});
    if (!commit) return pass_on(commit);
    return transaction.compare_and_set(RefKind::branch, "main", std::nullopt, Head{commit->ref});
  }));
}

void commit_one(Store& store, std::string_view path, std::string_view value,
                std::string_view branch) {
  must(store.transact([&](Transaction& transaction) -> Result<void> {
    const auto head = transaction.head(RefKind::branch, branch);
    if (!head) return pass_on(head);
    const auto tree = transaction.tree_of(branch);
    if (!tree) return pass_on(tree);
    const auto changed = tree->set(path, value);
    if (!changed) return pass_on(changed);
    CommitDraft draft{.tree = *changed};
    if (*head) draft.parents.push_back((*head)->ref);
    const auto commit = transaction.make_commit(std::move(draft));
    if (!commit) return pass_on(commit);
    return transaction.compare_and_set(RefKind::branch, branch, *head, Head{commit->ref});
  }));
}

}  // namespace ukstore::bench
