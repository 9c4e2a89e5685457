// One-key commits of raw LMDB to a table of a million keys: one put a transaction.

#include <ukstore/bench/store/data.h>
#include <ukstore/bench/store/raw_lmdb.h>

#include <benchmark/benchmark.h>

namespace ukstore::bench {
namespace {

// Lazy durability: MDB_NOSYNC, and one sync at the end within the measured time.
void commit_one(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  RawLmdb lmdb(dir.path(), MDB_NOSYNC);
  lmdb.fill(keys);
  lmdb.sync();
  touch_memory(kTouchedBytes);
  const uint64_t before = written_bytes();
  while (state.KeepRunningBatch(state.max_iterations)) {
    for (size_t i = 0; i < chosen.size(); ++i) lmdb.put(keys[chosen[i]], value(kKeys + i));
    lmdb.sync();
  }
  state.counters["bytes"] =
      static_cast<double>(written_bytes() - before) / static_cast<double>(chosen.size());
}
BENCHMARK(commit_one)->Name("commit_one/peer")->Iterations(quick() ? 2'000 : 10'000);

void commit_durable(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  RawLmdb lmdb(dir.path(), 0);
  lmdb.fill(keys);
  size_t i = 0;
  touch_memory(kTouchedBytes);
  for (auto _ : state) {
    lmdb.put(keys[chosen[i]], value(kKeys + i));
    ++i;
  }
}
BENCHMARK(commit_durable)
    ->Name("commit_durable/peer")
    ->Iterations(quick() ? 100 : 300)
    ->UseRealTime();

}  // namespace
}  // namespace ukstore::bench
