// The last change of a path in a history of 10,000 commits: a line, and one that branches and
// merges all the way, of as many.  Each commit changes another of 1,000 paths in 10 directories.

#include <ukstore/bench/store/our_store.h>
#include <ukstore/store/history.h>

#include <benchmark/benchmark.h>

#include <random>

namespace ukstore::bench {
namespace {

constexpr size_t kCommits = 10'000;
constexpr size_t kPaths = 1'000;

std::string path_of(size_t i) {
  return "d" + std::to_string(i % 10) + "/" + std::to_string(i % kPaths);
}

// The shape of a history: for commit i, which earlier commits are its parents.
using Shape = std::vector<std::vector<size_t>>;

Shape line() {
  Shape shape(kCommits);
  for (size_t i = 1; i < kCommits; ++i) shape[i] = {i - 1};
  return shape;
}

// Each commit follows one or two of the 16 before it.
Shape braid() {
  std::mt19937_64 random(7);
  Shape shape(kCommits);
  for (size_t i = 1; i < kCommits; ++i) {
    const auto one_of_the_last = [&] { return i - 1 - random() % std::min<size_t>(i, 16); };
    shape[i].push_back(one_of_the_last());
    const size_t other = one_of_the_last();
    if (random() % 3 == 0 && other != shape[i][0]) shape[i].push_back(other);
  }
  return shape;
}

// Makes a history of this shape; returns its last commit.  A merge takes the tree of its first
// parent, and each commit makes one change of its own.
ObjectRef make_history(Store& store, const Shape& shape, std::string_view branch) {
  std::vector<StoredCommit> commits;
  commits.reserve(shape.size());
  must(store.transact([&](Transaction& transaction) -> Result<void> {
    commits.clear();
    for (size_t i = 0; i < shape.size(); ++i) {
      Tree tree(transaction.objects());
      CommitDraft draft{.tree = tree};
      for (size_t parent : shape[i]) draft.parents.push_back(commits[parent].ref);
      if (!shape[i].empty()) tree = must(transaction.tree_at(commits[shape[i][0]]));
      draft.tree = must(tree.set(path_of(i * 31), value(i)));
      commits.push_back(must(transaction.make_commit(std::move(draft))));
    }
    return transaction.compare_and_set(RefKind::branch, branch, std::nullopt,
                                       Head{commits.back().ref});
  }));
  return commits.back().ref;
}

double microseconds_a_path(Store& store, const ObjectRef& head) {
  const auto source = must(store.commits());
  const double begin = cpu_seconds();
  for (size_t i = 0; i < kPaths; ++i) {
    WalkBudget budget;
    benchmark::DoNotOptimize(must(path_history(*source, head, path_of(i), 1, budget)));
  }
  return (cpu_seconds() - begin) * 1e6 / kPaths;
}

void last_change(benchmark::State& state) {
  ScratchDir dir;
  const auto store = open_store(dir.path());
  const ObjectRef straight = make_history(*store, line(), "line");
  const ObjectRef braided = make_history(*store, braid(), "braid");
  for (auto _ : state) {
    microseconds_a_path(*store, straight);
    microseconds_a_path(*store, braided);
    state.counters["linear_us"] = microseconds_a_path(*store, straight);
    state.counters["any_us"] = microseconds_a_path(*store, braided);
  }
}
BENCHMARK(last_change)->Name("path_history/ours")->Iterations(1);

}  // namespace
}  // namespace ukstore::bench
