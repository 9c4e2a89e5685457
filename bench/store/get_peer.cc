// Random gets of raw LMDB among a million keys, and opening it.

#include <ukstore/bench/store/data.h>
#include <ukstore/bench/store/raw_lmdb.h>

#include <benchmark/benchmark.h>

namespace ukstore::bench {
namespace {

// In one read transaction, as ours reads a tree that it holds.
void get_held(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(1 << 20);
  ScratchDir dir;
  RawLmdb lmdb(dir.path(), MDB_NOSYNC);
  lmdb.fill(keys);
  RawRead read(lmdb);
  for (const std::string& key : keys) benchmark::DoNotOptimize(read.get(key));
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(read.get(keys[chosen[i++ % chosen.size()]]));
}
BENCHMARK(get_held)->Name("get_held/peer")->Iterations(1'000'000);

// Opening the environment and the table, one get, closing.
void open_and_get(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(state.max_iterations);
  ScratchDir dir;
  RawLmdb(dir.path(), 0).fill(keys);
  size_t i = 0;
  for (auto _ : state) {
    RawLmdb lmdb(dir.path(), 0);
    RawRead read(lmdb);
    benchmark::DoNotOptimize(read.get(keys[chosen[i++]]));
  }
}
BENCHMARK(open_and_get)->Name("open/peer")->Iterations(1'000);

}  // namespace
}  // namespace ukstore::bench
