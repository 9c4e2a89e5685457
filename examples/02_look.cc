// Looks into a store.
//
//   02_look STORE ls [PATH]       the entries below a path of branch main
//   02_look STORE get PATH        the value at a path
//   02_look STORE log [PATH]      the newest commits, or those that changed a path
//
// Exits 0, 1 for an error, 2 for wrong usage, 5 if there is nothing at the path.

#include <ukstore/store/history.h>
#include <ukstore/ukstore.h>

#include <iostream>
#include <stdexcept>

namespace ukstore::examples {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

constexpr int kNothingThere = 5;

int list(const Store& store, const std::string& path) {
  const Tree tree = must(must(store.branch_tree("main")).subtree(path));
  if (tree.empty()) return kNothingThere;
  must(tree.scan({}, {}, Direction::forward, [](BytesView key, const Entry& entry) {
    std::cout << printable(key) << (entry.has_child() ? "/" : "") << "\n";
    return Flow::go_on;
  }));
  return 0;
}

int get(const Store& store, const std::string& path) {
  const auto value = must(must(store.branch_tree("main")).get(path));
  if (!value) return kNothingThere;
  std::cout << *value << "\n";
  return 0;
}

void print(const Store& store, const WalkedCommit& walked) {
  const StoredCommit stored = must(store.commit(walked.ref));
  std::cout << to_hex(walked.ref.hash).substr(0, 12) << " " << stored.commit.message << "\n";
}

int log(const Store& store, const std::string& path) {
  constexpr size_t kCommitsMax = 20;
  const auto head = must(store.head(RefKind::branch, "main"));
  if (!head) return kNothingThere;
  const auto source = must(store.commits());
  WalkBudget budget;
  if (path.empty()) {
    Log commits = must(Log::start(*source, {&head->ref, 1}, {}, budget));
    for (size_t i = 0; i < kCommitsMax; ++i) {
      const auto next = must(commits.next());
      if (!next) break;
      print(store, *next);
    }
    return 0;
  }
  const auto changes = must(path_history(*source, head->ref, path, kCommitsMax, budget));
  for (const PathChange& change : changes) print(store, change.commit);
  return changes.empty() ? kNothingThere : 0;
}

int run(const std::string& folder, const std::string& verb, const std::string& path) {
  const auto store = must(Store::open(must(open_lmdb_backend({.path = folder}))));
  if (verb == "ls") return list(*store, path);
  if (verb == "get" && !path.empty()) return get(*store, path);
  if (verb == "log") return log(*store, path);
  std::cerr << "error: there is no '" << verb << "'; there are ls [PATH], get PATH, log [PATH]\n";
  return 2;
}

}  // namespace
}  // namespace ukstore::examples

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::cerr << "usage: 02_look STORE ls|get|log [PATH]\n";
    return 2;
  }
  try {
    const int code = ukstore::examples::run(argv[1], argv[2], argc == 4 ? argv[3] : "");
    if (code == ukstore::examples::kNothingThere) std::cerr << "error: nothing is there\n";
    return code;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
