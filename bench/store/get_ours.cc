// Random gets of ours among a million keys, and opening a store of as many.

#include <ukstore/bench/store/our_store.h>

#include <benchmark/benchmark.h>

namespace ukstore::bench {
namespace {

// From a tree that is held: the value is read in place.
void get_held(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(1 << 20);
  ScratchDir dir;
  const auto store = open_store(dir.path());
  fill(*store, keys);
  const Tree tree = must(store->branch_tree("main"));
  const auto get = [&](const std::string& key) {
    const auto entry = must(tree.find(key));
    if (!entry) throw std::logic_error("a key is missing");
    benchmark::DoNotOptimize(entry->inlined.data());
  };
  for (const std::string& key : keys) get(key);
  size_t i = 0;
  for (auto _ : state) get(keys[chosen[i++ % chosen.size()]]);
}
BENCHMARK(get_held)->Name("get_held/ours")->Iterations(1'000'000);

// By branch and a path of three steps: head, commit, tree and two directories each time.
void get_branch(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(1 << 20);
  ScratchDir dir;
  const auto store = open_store(dir.path());
  fill(*store, keys, "some/place");
  const auto get = [&](const std::string& key) {
    const Tree tree = must(store->branch_tree("main"));
    const auto entry = must(tree.at("some/place/" + key));
    if (!entry) throw std::logic_error("a key is missing");
    benchmark::DoNotOptimize(entry->inlined.data());
  };
  for (const std::string& key : keys) get(key);
  size_t i = 0;
  for (auto _ : state) get(keys[chosen[i++ % chosen.size()]]);
}
BENCHMARK(get_branch)->Name("get_branch/ours")->Iterations(1'000'000);

void open_and_get(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  fill(*open_store(dir.path()), keys);
  size_t i = 0;
  for (auto _ : state) {
    const auto store = open_store(dir.path());
    const auto found = must(must(store->branch_tree("main")).get(keys[chosen[i++]]));
    if (!found) throw std::logic_error("a key is missing");
    benchmark::DoNotOptimize(found->data());
  }
}
BENCHMARK(open_and_get)->Name("open/ours")->Iterations(1'000);

}  // namespace
}  // namespace ukstore::bench
