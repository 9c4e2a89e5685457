// Random gets of RocksDB among a million keys: compacted, uncompressed, all blocks in its cache,
// with a Bloom filter.

#include <ukstore/bench/store/data.h>

#include <benchmark/benchmark.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <memory>
#include <stdexcept>

namespace ukstore::bench {
namespace {

void must(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

std::unique_ptr<rocksdb::DB> open_rocksdb(const std::filesystem::path& folder) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(512 << 20);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::DB* db = nullptr;
  must(rocksdb::DB::Open(options, folder.string(), &db));
  return std::unique_ptr<rocksdb::DB>(db);
}

void get_rocksdb(benchmark::State& state) {
  const auto keys = sorted_keys();
  const auto chosen = random_indices(1 << 20);
  ScratchDir dir;
  const auto db = open_rocksdb(dir.path() / "db");
  rocksdb::WriteOptions lazily;
  lazily.disableWAL = true;
  for (size_t i = 0; i < keys.size(); ++i) must(db->Put(lazily, keys[i], value(i)));
  must(db->CompactRange({}, nullptr, nullptr));
  rocksdb::PinnableSlice found;
  const auto get = [&](const std::string& key) {
    found.Reset();
    must(db->Get({}, db->DefaultColumnFamily(), key, &found));
    benchmark::DoNotOptimize(found.data());
  };
  for (const std::string& key : keys) get(key);
  size_t i = 0;
  for (auto _ : state) get(keys[chosen[i++ % chosen.size()]]);
}
BENCHMARK(get_rocksdb)->Name("get_rocksdb/peer")->Iterations(1'000'000);

}  // namespace
}  // namespace ukstore::bench
