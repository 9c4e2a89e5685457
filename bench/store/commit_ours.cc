// One-key commits of ours to a tree of a million keys, each a transaction with a commit, its tree,
// and a move of the head, and a journal entry.

#include <ukstore/bench/store/our_store.h>

#include <benchmark/benchmark.h>

#include <thread>

namespace ukstore::bench {
namespace {

// Lazy durability, and a flush at the end within the measured time.
void commit_lazily(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  const auto store = open_store(dir.path(), {.durability = Durability::lazy});
  fill(*store, keys);
  must(store->flush());
  touch_memory(kTouchedBytes);
  const uint64_t before = written_bytes();
  while (state.KeepRunningBatch(state.max_iterations)) {
    for (size_t i = 0; i < chosen.size(); ++i) {
      commit_one(*store, keys[chosen[i]], value(kKeys + i));
    }
    must(store->flush());
  }
  state.counters["bytes"] =
      static_cast<double>(written_bytes() - before) / static_cast<double>(chosen.size());
}
BENCHMARK(commit_lazily)->Name("commit_one/ours")->Iterations(quick() ? 2'000 : 10'000);

void commit_durable(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  const auto store = open_store(dir.path());
  fill(*store, keys);
  size_t i = 0;
  touch_memory(kTouchedBytes);
  for (auto _ : state) {
    commit_one(*store, keys[chosen[i]], value(kKeys + i));
    ++i;
  }
}
BENCHMARK(commit_durable)
    ->Name("commit_durable/ours")
    ->Iterations(quick() ? 100 : 300)
    ->UseRealTime();

// 64 threads, each of which commits durably to the one branch as fast as it is let.
void commit_group64(benchmark::State& state) {
  constexpr size_t kWriters = 64;
  const size_t each = state.max_iterations / kWriters;
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  const auto store = open_store(dir.path());
  fill(*store, keys);
  touch_memory(kTouchedBytes);
  while (state.KeepRunningBatch(state.max_iterations)) {
    std::vector<std::jthread> writers;
    for (size_t writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (size_t i = writer * each; i < (writer + 1) * each; ++i) {
          commit_one(*store, keys[chosen[i]], value(kKeys + i));
        }
      });
    }
  }
}
BENCHMARK(commit_group64)
    ->Name("commit_group64/ours")
    ->Iterations(64 * (quick() ? 20 : 100))
    ->UseRealTime();

// CPU microseconds a commit over `n` commits to a tree of these keys.
double commit_window(Store& store, const std::vector<std::string>& keys, size_t first, size_t n) {
  const double begin = cpu_seconds();
  for (size_t i = first; i < first + n; ++i) {
    commit_one(store, keys[i * 7919 % keys.size()], value(kKeys + i));
  }
  must(store.flush());
  return (cpu_seconds() - begin) * 1e6 / static_cast<double>(n);
}

// Whether a commit costs the same late in a long history: the median of some windows of 1,000
// commits at 1,000 commits, and at a million.
double median_window(Store& store, const std::vector<std::string>& keys, size_t first) {
  std::vector<double> windows;
  for (size_t i = 0; i < 5; ++i) {
    windows.push_back(commit_window(store, keys, first + 1'000 * i, 1'000));
  }
  std::ranges::sort(windows);
  return windows[windows.size() / 2];
}

// What the file of `commit_growth` grows by with each commit, about.
constexpr size_t kGrowthBytes = 4'000;

void commit_growth(benchmark::State& state) {
  const size_t late = quick() ? 100'000 : 1'000'000;
  const auto keys = sorted_keys(1'000);
  ScratchDir dir;
  const auto store = open_store(dir.path(), {.durability = Durability::lazy});
  fill(*store, keys);
  touch_memory(late * kGrowthBytes);
  for (auto _ : state) {
    commit_window(*store, keys, 0, 1'000);
    state.counters["early_us"] = median_window(*store, keys, 1'000);
    commit_window(*store, keys, 6'000, late - 6'000);
    state.counters["late_us"] = median_window(*store, keys, late);
  }
}
BENCHMARK(commit_growth)->Name("commit_growth/ours")->Iterations(1);

}  // namespace
}  // namespace ukstore::bench
