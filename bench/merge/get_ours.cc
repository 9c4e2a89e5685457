// Random gets of a file among a million keys through a Branch: head, commit, tree, two directories,
// and the header of what is live there, each time.

#include <ukstore/bench/store/our_store.h>

#include <benchmark/benchmark.h>

namespace ukstore::bench {
namespace {

void fill(Branch& branch, const std::vector<std::string>& keys) {
  constexpr size_t kBatch = 50'000;
  for (size_t from = 0; from < keys.size(); from += kBatch) {
    must(branch.transact([&](Tx& tx) {
      for (size_t i = from; i < std::min(keys.size(), from + kBatch); ++i) {
        tx.set("some/place/" + keys[i], value(i));
      }
    }));
  }
}

void get_branch_typed(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(1 << 20);
  ScratchDir dir;
  auto backend = must(open_lmdb_backend({.path = dir.path(), .create = LmdbOptions::Create::yes}));
  const auto repo = must(Repo::open(std::move(backend)));
  Branch branch = repo->branch("main");
  fill(branch, keys);
  const auto get = [&](const std::string& key) {
    const auto found = must(branch.get("some/place/" + key));
    if (!found) throw std::logic_error("a key is missing");
    benchmark::DoNotOptimize(found->data());
  };
  for (const std::string& key : keys) get(key);
  size_t i = 0;
  for (auto _ : state) get(keys[chosen[i++ % chosen.size()]]);
}
BENCHMARK(get_branch_typed)->Name("get_branch_typed/ours")->Iterations(1'000'000);

}  // namespace
}  // namespace ukstore::bench
