// Real data as a tree with versions: the lists of Debian's iso-codes, one commit for each file,
// then seeded edits on two branches. Shows a diff, the history of a path and a merge base; then
// opens the store again, builds a second one in another order, and compares the root hashes.
//
//   01_versions FOLDER      makes FOLDER/store and FOLDER/other anew; exits 1 if anything shown is
//   untrue

#include <ukstore/examples/iso_codes.h>
#include <ukstore/store/history.h>
#include <ukstore/ukstore.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <random>
#include <stdexcept>

namespace ukstore::examples {
namespace {

namespace fs = std::filesystem;

const fs::path kData = "/usr/share/iso-codes/json";

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// What a branch holds, the simple way: the store is compared with it at the end.
using Model = std::map<std::string, std::string>;

// A change of one path; nullopt removes it.
using Change = std::pair<std::string, std::optional<std::string>>;

std::unique_ptr<Store> open_store(const fs::path& folder) {
  auto backend = must(open_lmdb_backend({.path = folder, .create = LmdbOptions::Create::yes}));
  return must(Store::open(std::move(backend)));
}

Tree with_changes(const Tree& tree, const std::vector<Change>& changes) {
  PathEdits edits;
  for (const auto& [path, value] : changes) {
    if (value) {
      edits.set(path, *value);
    } else {
      edits.remove(path);
    }
  }
  return must(edits.apply_to(tree));
}

void change(Model& model, const std::vector<Change>& changes) {
  for (const auto& [path, value] : changes) {
    if (value) {
      model[path] = *value;
    } else {
      model.erase(path);
    }
  }
}

// One commit on a branch with these changes.
ObjectRef commit(Store& store, const Bytes& branch, const Bytes& message,
                 const std::vector<Change>& changes) {
  ObjectRef made;
  must(store.transact(
      [&](Transaction& transaction) -> Result<void> {
        const auto head = must(transaction.head(RefKind::branch, branch));
        CommitDraft draft{.tree = with_changes(must(transaction.tree_of(branch)), changes)};
        if (head) draft.parents.push_back(head->ref);
        draft.author = Signature{.name = "An Example <example@example.org>"};
        draft.message = message;
        made = must(transaction.make_commit(std::move(draft))).ref;
        return transaction.compare_and_set(RefKind::branch, branch, head, Head{made});
      },
      {.note = message}));
  return made;
}

// A few changes as an editor of such lists makes them: a name corrected, a remark added, a field
// dropped.
std::vector<Change> some_changes(const Model& model, std::mt19937_64& random) {
  std::vector<Change> changes;
  const size_t n = 1 + random() % 6;
  for (size_t i = 0; i < n; ++i) {
    const auto at = std::next(model.begin(), static_cast<ptrdiff_t>(random() % model.size()));
    const std::string record = at->first.substr(0, at->first.rfind('/') + 1);
    switch (random() % 4) {
      case 0:
        changes.emplace_back(record + "remark", "checked " + std::to_string(i));
        break;
      case 1:
        changes.emplace_back(at->first, std::nullopt);
        break;
      default:
        changes.emplace_back(at->first, at->second + " (revised)");
        break;
    }
  }
  return changes;
}

class Demonstration {
 public:
  explicit Demonstration(const fs::path& folder) : folder_(folder) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  bool run() {
    store_ = open_store(folder_ / "store");
    load();
    edit();
    show_diff();
    show_path_history();
    show_merge_base();
    const Hash root = must(store_->branch_tree("main")).hash();
    store_.reset();
    reopen(root);
    build_in_another_order(root);
    return true_;
  }

 private:
  std::ostream& say(const std::string& what) {
    const auto took = std::chrono::steady_clock::now() - begin_;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    return std::cout << "[" << std::string(5 - std::min<size_t>(5, std::to_string(ms).size()), ' ')
                     << ms << " ms] " << what << ": ";
  }

  void expect(bool holds, const std::string& what) {
    std::cout << "           " << (holds ? "true: " : "UNTRUE: ") << what << "\n";
    true_ = true_ && holds;
  }

  void load() {
    const auto lists = read_iso_codes(kData);
    for (const IsoList& list : lists) {
      const std::vector<Change> changes(list.values.begin(), list.values.end());
      first_ = commit(*store_, "main", "load " + list.name, changes);
      change(model_, changes);
    }
    const Tree tree = must(store_->branch_tree("main"));
    say("loaded") << lists.size() << " lists, " << model_.size() << " values, "
                  << tree.bytes() / 1024 << " KiB; root " << to_hex(tree.hash()) << "\n";
    expect(!lists.empty() && model_.size() > 10'000, "the lists of iso-codes are there");
  }

  void edit() {
    constexpr size_t kShared = 300, kMain = 400, kReview = 100;
    std::mt19937_64 random(1);
    Model review;
    for (size_t i = 0; i < kShared + kMain; ++i) {
      if (i == kShared) {
        must(store_->transact([&](Transaction& transaction) {
          return transaction.compare_and_set(RefKind::branch, "review", std::nullopt, Head{fork_});
        }));
        review = model_;
      }
      const auto changes = some_changes(model_, random);
      const ObjectRef made = commit(*store_, "main", "edit " + std::to_string(i), changes);
      change(model_, changes);
      if (i < kShared) fork_ = made;
      if (i == kShared) touched_ = changes[0].first;
    }
    for (size_t i = 0; i < kReview; ++i) {
      const auto changes = some_changes(review, random);
      commit(*store_, "review", "review " + std::to_string(i), changes);
      change(review, changes);
    }
    say("edited") << kShared + kMain << " commits on main, " << kReview << " on review\n";
    size_t values = 0, equal = 0;
    const Tree empty(store_->objects()), tree = must(store_->branch_tree("review"));
    must(diff_paths(empty, tree, [&](BytesView path, const auto&, const auto& after) {
      const auto found = review.find(std::string(path));
      ++values;
      if (found != review.end() && must(tree.read(*after)) == found->second) ++equal;
      return Flow::go_on;
    }));
    expect(values == review.size() && equal == values, "review holds what a plain map holds");
  }

  void show_diff() {
    const Tree before = must(store_->tree(must(store_->commit(first_))));
    const Tree after = must(store_->branch_tree("main"));
    size_t added = 0, removed = 0, updated = 0;
    std::vector<std::string> shown;
    must(diff_paths(before, after, [&](BytesView path, const auto& was, const auto& is) {
      ++(!was ? added : !is ? removed : updated);
      if (shown.size() < 3) shown.push_back((!was ? "+ " : !is ? "- " : "* ") + std::string(path));
      return Flow::go_on;
    }));
    say("diff") << "since the load: " << added << " added, " << removed << " removed, " << updated
                << " updated\n";
    for (const std::string& line : shown) std::cout << "           " << line << " ...\n";
    expect(added + removed + updated > 0, "the edits show in the diff");
  }

  void show_path_history() {
    const auto source = must(store_->commits());
    const auto head = must(store_->head(RefKind::branch, "main"));
    WalkBudget budget;
    const auto changes = must(path_history(*source, head->ref, touched_, 100, budget));
    say("history") << touched_ << " changed in " << changes.size() << " commits\n";
    for (const PathChange& change : changes) {
      const auto commit = must(store_->commit(change.commit.ref));
      std::cout << "           " << to_hex(change.commit.ref.hash).substr(0, 12) << " "
                << commit.commit.message << "\n";
    }
    expect(!changes.empty(), "a path that was edited has a history");
  }

  void show_merge_base() {
    const auto source = must(store_->commits());
    const auto main = must(store_->head(RefKind::branch, "main"));
    const auto review = must(store_->head(RefKind::branch, "review"));
    WalkBudget budget;
    const auto bases = must(merge_bases(*source, main->ref, review->ref, budget));
    say("merge base") << "of main and review, " << budget.visits
                      << " commits read: " << (bases.empty() ? "none" : to_hex(bases[0].ref.hash))
                      << "\n";
    expect(bases.size() == 1 && bases[0].ref == fork_, "it is where review left main");
  }

  void reopen(const Hash& root) {
    const auto again = open_store(folder_ / "store");
    const Hash found = must(again->branch_tree("main")).hash();
    say("reopened") << "root " << to_hex(found) << "\n";
    expect(found == root, "the store on disk has the root that it had in memory");
  }

  void build_in_another_order(const Hash& root) {
    std::vector<Change> changes(model_.begin(), model_.end());
    std::ranges::shuffle(changes, std::mt19937_64(2));
    const auto other = open_store(folder_ / "other");
    constexpr size_t kEach = 5'000;
    for (size_t i = 0; i < changes.size(); i += kEach) {
      const auto end =
          changes.begin() + static_cast<ptrdiff_t>(std::min(changes.size(), i + kEach));
      commit(*other, "main", "some", {changes.begin() + static_cast<ptrdiff_t>(i), end});
    }
    const Hash found = must(other->branch_tree("main")).hash();
    say("built anew") << "shuffled, in other commits: root " << to_hex(found) << "\n";
    expect(found == root, "equal contents have equal roots, whatever led there");
  }

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const fs::path folder_;
  std::unique_ptr<Store> store_;
  Model model_;
  ObjectRef first_;      // the commit after the load
  ObjectRef fork_;       // where review leaves main
  std::string touched_;  // a path that was edited
  bool true_ = true;
};

}  // namespace
}  // namespace ukstore::examples

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: 01_versions FOLDER\n";
    return 2;
  }
  try {
    return ukstore::examples::Demonstration(argv[1]).run() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
