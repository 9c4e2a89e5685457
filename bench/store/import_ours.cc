// A million sorted entries into an empty store of ours: built in one pass, one commit, on disk at
// the end.

#include <ukstore/bench/store/our_store.h>

#include <benchmark/benchmark.h>

namespace ukstore::bench {
namespace {

void import_lmdb(benchmark::State& state) {
  const auto keys = sorted_keys();
  ScratchDir dir;
  const auto store = open_store(dir.path());
  touch_memory(kTouchedBytes);
  while (state.KeepRunningBatch(kKeys)) fill(*store, keys);
  state.counters["size"] = static_cast<double>(std::filesystem::file_size(dir.path() / "data.mdb"));
  state.counters["logical"] = static_cast<double>(kKeys * (kKeyBytes + kValueBytes));
}
BENCHMARK(import_lmdb)->Name("import_lmdb/ours")->Iterations(kKeys);

}  // namespace
}  // namespace ukstore::bench
