// Imports and merges beside git: 100,000 files in 317 directories.
#include <ukstore/bench/exchange/git_child.h>
#include <ukstore/bench/exchange/streams.h>
#include <ukstore/merge/engine.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/merge/store_graph.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/tests/exchange/git/descriptor_stream.h>

#include <benchmark/benchmark.h>

#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace ukstore::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::unique_ptr<Store> open_store(const std::filesystem::path& path) {
  std::filesystem::create_directories(path);
  return must(
      Store::open(must(open_lmdb_backend({.path = path, .create = LmdbOptions::Create::yes}))));
}

void import_file(Store& store, const std::filesystem::path& stream) {
  int file = ::open(stream.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::runtime_error("cannot open " + stream.string());
  DescriptorSource source(file);
  must(import_git(store, source));
  ::close(file);
}

// From an empty folder to a closed store, all on disk.
void import_ours(benchmark::State& state) {
  Scratch scratch;
  write_file(scratch.path() / "stream", one_commit_stream());
  double spent = 0;
  for (auto _ : state) {
    std::filesystem::remove_all(scratch.path() / "store");
    double start = own_cpu_us();
    auto store = open_store(scratch.path() / "store");
    import_file(*store, scratch.path() / "stream");
    must(store->close());
    store.reset();
    spent += own_cpu_us() - start;
  }
  state.counters["us_per_file"] = spent / static_cast<double>(state.iterations() * kFiles);
}

void import_peer(benchmark::State& state) {
  Scratch scratch;
  write_file(scratch.path() / "stream", one_commit_stream());
  double spent = 0;
  for (auto _ : state) {
    std::filesystem::remove_all(scratch.path() / "git");
    std::filesystem::create_directories(scratch.path() / "git");
    git_cpu_us(scratch.path() / "git", {"init", "-q", "--bare"});
    spent +=
        git_cpu_us(scratch.path() / "git", {"fast-import", "--quiet"}, scratch.path() / "stream");
  }
  state.counters["us_per_file"] = spent / static_cast<double>(state.iterations() * kFiles);
}

// From two heads to the merged tree with its name, in a store that has just been opened: as git's
// process, it has read nothing yet.
void merge_ours(benchmark::State& state) {
  Scratch scratch;
  write_file(scratch.path() / "stream", diverged_stream());
  import_file(*open_store(scratch.path() / "store"), scratch.path() / "stream");
  double spent = 0;
  for (auto _ : state) {
    auto store = open_store(scratch.path() / "store");
    auto ours = must(store->head(RefKind::branch, "ours"));
    auto theirs = must(store->head(RefKind::branch, "theirs"));
    double start = own_cpu_us();
    auto commits = must(store->commits());
    StoreGraph graph(*commits);
    TypeRegistry types;
    MergeEngine engine(graph, types);
    Tree merged =
        must(engine.merge(must(graph.commit(ours->ref)), must(graph.commit(theirs->ref))));
    benchmark::DoNotOptimize(merged.hash());
    spent += own_cpu_us() - start;
  }
  state.counters["us"] = spent / static_cast<double>(state.iterations());
}

void merge_peer(benchmark::State& state) {
  Scratch scratch;
  write_file(scratch.path() / "stream", diverged_stream());
  std::filesystem::create_directories(scratch.path() / "git");
  git_cpu_us(scratch.path() / "git", {"init", "-q", "--bare"});
  git_cpu_us(scratch.path() / "git", {"fast-import", "--quiet"}, scratch.path() / "stream");
  double spent = 0;
  for (auto _ : state) {
    spent += git_cpu_us(scratch.path() / "git", {"merge-tree", "--write-tree", "ours", "theirs"});
    spent -= git_cpu_us(scratch.path() / "git", {"merge-tree", "--write-tree", "ours", "ours"});
  }
  state.counters["us"] = spent / static_cast<double>(state.iterations());
}

BENCHMARK(import_ours)->Name("import_git/ours")->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK(import_peer)->Name("import_git/peer")->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK(merge_ours)->Name("merge_tree_git/ours")->Unit(benchmark::kMillisecond)->Iterations(30);
BENCHMARK(merge_peer)->Name("merge_tree_git/peer")->Unit(benchmark::kMillisecond)->Iterations(30);

}  // namespace
}  // namespace ukstore::bench
