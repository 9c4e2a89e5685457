#include "store_workload.h"

#include <ukstore/store/check.h>
#include <ukstore/store/object_store.h>

#include <random>

namespace ukstore::tests {
namespace {

using Path = std::filesystem::path;

struct Change {
  Bytes path;
  std::optional<Bytes> value;  // none: removed
};

// What commit `number` changes.  Now and then a payload is long enough to be chunked.
std::vector<Change> changes_of(uint64_t number) {
  std::mt19937_64 random(number);
  std::vector<Change> changes(1 + random() % 3);
  for (Change& change : changes) {
    change.path = "dir" + std::to_string(random() % 3) + "/file" + std::to_string(random() % 40);
    if (random() % 5 == 0) continue;
    size_t bytes = random() % 20 == 0 ? 70'000 : random() % 200;
    change.value = std::to_string(number) + ":";
    while (change.value->size() < bytes) append_le<uint64_t>(*change.value, random());
  }
  // So that no commit leaves the tree as it was.
  changes.push_back({"number", std::to_string(number)});
  return changes;
}

constexpr BytesView kMain = "main", kSecond = "second", kTag = "even";

Result<void> commit(Transaction& transaction, uint64_t number) {
  auto tree = transaction.tree_of(kMain);
  if (!tree) return pass_on(tree);
  for (const Change& change : changes_of(number)) {
    tree = change.value ? tree->set(change.path, *change.value) : tree->remove(change.path);
    if (!tree) return pass_on(tree);
  }
  auto head = transaction.head(RefKind::branch, kMain);
  if (!head) return pass_on(head);
  CommitDraft draft{.tree = *tree, .message = std::to_string(number)};
  if (*head) draft.parents.push_back((*head)->ref);
  auto made = transaction.make_commit(std::move(draft));
  if (!made) return pass_on(made);
  auto move = [&](RefKind kind, BytesView name) -> Result<void> {
    auto before = transaction.head(kind, name);
    if (!before) return pass_on(before);
    return transaction.compare_and_set(kind, name, *before, Head{made->ref});
  };
  if (auto ok = move(RefKind::branch, kMain); !ok) return ok;
  if (number % 2 == 0) {
    if (auto ok = move(RefKind::tag, kTag); !ok) return ok;
  }
  if (auto ok = transaction.put_record("number", std::to_string(number)); !ok) return ok;
  return move(RefKind::branch, kSecond);
}

// The number of the commit at the head; 0 without one.
Result<uint64_t> number_held(const Store& store) {
  auto head = store.head(RefKind::branch, kMain);
  if (!head) return pass_on(head);
  if (!*head) return 0;
  auto commit = store.commit((*head)->ref);
  if (!commit) return pass_on(commit);
  return std::stoull(commit->commit.message);
}

// Whether all commits from the head to the first one are there, in order.
std::optional<std::string> check_history(const Store& store, uint64_t number) {
  auto head = store.head(RefKind::branch, kMain);
  if (!head) return head.error().message;
  std::optional<ObjectRef> at;
  if (*head) at = (*head)->ref;
  for (; number > 0; --number) {
    if (!at) return "the history ends early";
    auto commit = store.commit(*at);
    if (!commit) return commit.error().message;
    if (commit->commit.message != std::to_string(number)) return "a commit is another one";
    if (commit->commit.generation != number) return "a generation is wrong";
    // By name alone too: the index must know it.
    auto found = store.objects().find(commit->ref.hash);
    if (!found) return found.error().message;
    if (!*found) return "a commit is not found by its name";
    at.reset();
    if (!commit->commit.parents.empty()) at = commit->commit.parents[0];
  }
  if (at) return "the history goes on behind the first commit";
  return std::nullopt;
}

std::optional<std::string> check_refs(const Store& store, uint64_t number) {
  auto main = store.head(RefKind::branch, kMain), second = store.head(RefKind::branch, kSecond);
  if (!main || !second || *main != *second) return "two branches of one transaction differ";
  auto tag = store.head(RefKind::tag, kTag);
  if (!tag || tag->has_value() != (number >= 2)) return "the tag is wrong";
  if (*tag) {
    auto commit = store.commit((*tag)->ref);
    if (!commit) return commit.error().message;
    if (commit->commit.message != std::to_string(number / 2 * 2)) return "the tag is elsewhere";
  }
  auto record = store.record("number");
  if (!record) return record.error().message;
  if (record->value_or("0") != std::to_string(number)) return "the private record is wrong";
  auto last = store.last_sequence();
  if (!last || *last != number) return "the journal has another number of entries";
  auto entries = store.journal(1, number + 1, Direction::forward);
  if (!entries || entries->size() != number) return "the journal has gaps";
  return std::nullopt;
}

}  // namespace

const StoreWorkload::Model& StoreWorkload::model_after(uint64_t number) {
  if (models_.empty()) models_.emplace_back();
  while (models_.size() <= number) {
    Model model = models_.back();
    for (const Change& change : changes_of(models_.size())) {
      if (change.value) {
        model[change.path] = *change.value;
      } else {
        model.erase(change.path);
      }
    }
    models_.push_back(std::move(model));
  }
  return models_[number];
}

Result<std::unique_ptr<Store>> StoreWorkload::open(const Path& directory,
                                                   LmdbOptions::Create create) {
  auto backend =
      open_lmdb_backend({.path = directory, .create = create, .map_bytes = uint64_t{1} << 30});
  if (!backend) return pass_on(backend);
  return Store::open(wrap(std::move(*backend)));
}

void StoreWorkload::create(const Path& directory) {
  auto made = open(directory, LmdbOptions::Create::yes);
  if (!made) throw std::runtime_error(made.error().message);
}

std::optional<std::string> StoreWorkload::run(const Path& directory, uint64_t last,
                                              const Progress& progress) {
  auto store = open(directory, LmdbOptions::Create::no);
  if (!store) return store.error().message;
  auto held = number_held(**store);
  if (!held) return held.error().message;
  for (uint64_t number = *held + 1; number <= last; ++number) {
    progress.begins(number);
    const auto durability = number % 5 == 3 ? Durability::lazy : Durability::durable;
    auto body = [&](Transaction& transaction) { return commit(transaction, number); };
    auto ok = (*store)->transact(body, {.durability = durability});
    if (!ok) return ok.error().message;
    if (durability == Durability::durable) progress.is_durable(number);
  }
  auto ok = (*store)->close();
  if (!ok) return ok.error().message;
  progress.is_durable(last);
  return std::nullopt;
}

std::optional<std::string> StoreWorkload::verify(const Path& directory, uint64_t least,
                                                 uint64_t most) {
  auto store = open(directory, LmdbOptions::Create::no);
  if (!store) return store.error().message;
  auto held = number_held(**store);
  if (!held) return held.error().message;
  if (*held < least || *held > most) {
    return "holds commit " + std::to_string(*held) + ", not " + std::to_string(least) + " to " +
           std::to_string(most);
  }
  if (auto wrong = check_history(**store, *held)) return wrong;
  if (auto wrong = check_refs(**store, *held)) return wrong;
  if (auto wrong = compare(**store, *held)) return wrong;
  // All of it, whether something leads there or not; names too where the state is certain.
  const auto depth = least == most ? CheckOptions::Depth::deep : CheckOptions::Depth::structure;
  auto report = check_store((*store)->objects().backend(), {.depth = depth});
  if (!report) return report.error().message;
  if (!report->clean()) return "the check says: " + report->problems.at(0).what;
  return std::nullopt;
}

std::optional<std::string> StoreWorkload::compare(const Store& store, uint64_t number) {
  auto tree = store.branch_tree(kMain);
  if (!tree) return tree.error().message;
  const Model& model = model_after(number);
  for (const auto& [path, value] : model) {
    auto stored = tree->get(path);
    if (!stored) return stored.error().message;
    if (*stored != value) return "the payload at " + path + " differs";
  }
  // Nothing else: a tree made anew of the model has the same name.
  auto [root, is_new] = roots_.try_emplace(number);
  if (is_new) {
    PathEdits edits;
    for (const auto& [path, value] : model) edits.set(path, value);
    auto anew = edits.apply_to(Tree(store.objects()));
    if (!anew) return anew.error().message;
    root->second = anew->hash();
  }
  if (root->second != tree->hash()) return "the tree holds something else as well";
  return std::nullopt;
}

}  // namespace ukstore::tests
