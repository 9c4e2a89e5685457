// A million sorted entries into an empty raw LMDB: MDB_APPEND in one transaction, synced.

#include <ukstore/bench/store/data.h>
#include <ukstore/bench/store/raw_lmdb.h>

#include <benchmark/benchmark.h>

namespace ukstore::bench {
namespace {

void import_lmdb(benchmark::State& state) {
  const auto keys = sorted_keys();
  ScratchDir dir;
  RawLmdb lmdb(dir.path(), 0);
  touch_memory(kTouchedBytes);
  while (state.KeepRunningBatch(kKeys)) lmdb.fill(keys);
  state.counters["size"] = static_cast<double>(std::filesystem::file_size(dir.path() / "data.mdb"));
  state.counters["logical"] = static_cast<double>(kKeys * (kKeyBytes + kValueBytes));
}
BENCHMARK(import_lmdb)->Name("import_lmdb/peer")->Iterations(kKeys);

}  // namespace
}  // namespace ukstore::bench
