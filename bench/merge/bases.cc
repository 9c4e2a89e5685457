// All merge bases of 1,000 random pairs, ours.
#include <ukstore/bench/merge/bases.h>

#include <ukstore/store/history.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>

#include <benchmark/benchmark.h>

#include <stdexcept>

namespace ukstore::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void merge_base_ours(benchmark::State& state) {
  auto store = must(Store::open(make_memory_backend()));
  auto history = seeded_history();
  std::vector<Hash> names;
  constexpr size_t kBatch = 500;
  for (size_t from = 0; from < history.size(); from += kBatch) {
    std::vector<Hash> made;
    must(store->transact([&](Transaction& tx) -> Result<void> {
      made = names;
      for (size_t i = from; i < std::min(history.size(), from + kBatch); ++i) {
        std::vector<ObjectRef> parents;
        for (uint32_t parent : history[i]) parents.push_back({made[parent], {}});
        auto commit = tx.make_commit({.tree = Tree(tx.objects()),
                                      .parents = std::move(parents),
                                      .message = std::to_string(i)});
        if (!commit) return pass_on(commit);
        made.push_back(commit->ref.hash);
        // Every commit is kept by a branch that moves, or by one of its own.
        auto ok = tx.compare_and_set(RefKind::branch, "c" + std::to_string(i), std::nullopt,
                                     Head{commit->ref, ObjectKind::commit});
        if (!ok) return ok;
      }
      return {};
    }));
    names = made;
  }
  auto pairs = seeded_pairs();
  auto source = must(store->commits());
  std::vector<ObjectRef> refs;
  for (const Hash& name : names) refs.push_back(must(source->resolve({name, {}})));
  uint64_t bases = 0;
  for (auto _ : state) {
    bases = 0;
    for (auto [a, b] : pairs) {
      WalkBudget budget;
      bases += must(merge_bases(*source, refs[a], refs[b], budget)).size();
    }
  }
  state.counters["bases"] = static_cast<double>(bases);
}
BENCHMARK(merge_base_ours)->Name("merge_base_git/ours")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ukstore::bench
