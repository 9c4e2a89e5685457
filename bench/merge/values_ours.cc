// Merging two branches of typed values: what a merge costs from two heads to the merged tree, its
// nodes named, merge bases found on the way.  Writing it is a commit like any other (bench/store).
#include <ukstore/merge/repo.h>
#include <ukstore/merge/store_graph.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>

#include <benchmark/benchmark.h>

#include <map>
#include <random>
#include <stdexcept>

namespace ukstore::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Bytes key(uint64_t i) {
  static constexpr char kDigits[] = "0123456789abcdef";
  uint64_t x = (i + 1) * 0x9e3779b97f4a7c15;
  Bytes text;
  for (int d = 0; d < 16; ++d, x >>= 4) text.push_back(kDigits[x & 15]);
  return text;
}

// Two branches that diverged.
struct Diverged {
  std::unique_ptr<Repo> repo = must(Repo::open(make_memory_backend(), options()));
  Branch a = repo->branch("a"), b = repo->branch("b");

  static RepoOptions options() {
    RepoOptions options;
    options.store.durability = Durability::lazy;
    return options;
  }
  void fill(uint64_t n, const std::function<void(Tx&, uint64_t)>& write) {
    constexpr uint64_t kBatch = 50'000;
    for (uint64_t from = 0; from < n; from += kBatch) {
      must(a.transact([&](Tx& tx) {
        for (uint64_t i = from; i < std::min(n, from + kBatch); ++i) write(tx, i);
      }));
    }
    b = must(a.fork("b"));
  }

  void measure(benchmark::State& state) {
    GraphCommit ours, theirs;
    must(repo->store().flush());
    auto source = must(repo->store().commits());
    StoreGraph graph(*source);
    ours = must(graph.commit(*must(a.head())));
    theirs = must(graph.commit(*must(b.head())));
    for (auto _ : state) {
      MergeEngine engine(graph, repo->types());
      Tree merged = must(engine.merge(ours, theirs));
      Hash hash = merged.hash();
      benchmark::DoNotOptimize(hash);
    }
  }
};

// A benchmark's function runs several times; what it measures is made once.
Diverged make_wide(uint64_t n) {
  Diverged branches;
  branches.fill(n, [](Tx& tx, uint64_t i) { tx.set("wide/" + key(i), "value"); });
  auto change = [&](uint64_t from, const char* to) {
    return [=](Tx& tx) {
      for (uint64_t i = 0; i < 10; ++i) tx.set("wide/" + key((from + i * (n / 10)) % n), to);
    };
  };
  must(branches.a.transact(change(3, "ours")));
  must(branches.b.transact(change(7, "theirs")));
  return branches;
}
void merge_wide(benchmark::State& state) {
  static std::map<int64_t, Diverged> made;
  auto known = made.find(state.range(0));
  if (known == made.end()) {
    known = made.emplace(state.range(0), make_wide(static_cast<uint64_t>(state.range(0)))).first;
  }
  known->second.measure(state);
}
BENCHMARK(merge_wide)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

Diverged make_map() {
  constexpr uint64_t kKeys = 100'000, kChanges = 1'000;
  Diverged branches;
  branches.fill(kKeys, [](Tx& tx, uint64_t i) { tx.at<Map<>>("map").at(key(i)).set("value"); });
  auto change = [&](uint64_t seed, const char* to) {
    return [=](Tx& tx) {
      std::mt19937_64 random(seed);
      for (uint64_t i = 0; i < kChanges; ++i) {
        tx.at<Map<>>("map").at(key(random() % kKeys)).set(to + std::to_string(i));
      }
    };
  };
  must(branches.a.transact(change(1, "ours")));
  must(branches.b.transact(change(2, "theirs")));
  return branches;
}
void map_merge(benchmark::State& state) {
  static Diverged made = make_map();
  made.measure(state);
}
BENCHMARK(map_merge)->Name("map_merge/ours")->Unit(benchmark::kMicrosecond);

Diverged make_set() {
  constexpr uint64_t kElements = 10'000, kOps = 10'000;
  Diverged branches;
  branches.fill(kElements, [](Tx& tx, uint64_t i) { tx.at<Set<>>("set").insert(key(i)); });
  auto change = [&](uint64_t seed) {
    return [=](Tx& tx) {
      std::mt19937_64 random(seed);
      for (uint64_t i = 0; i < kOps; ++i) {
        Bytes element = key(random() % (2 * kElements));
        if (random() % 2) {
          tx.at<Set<>>("set").insert(element);
        } else {
          tx.at<Set<>>("set").erase(element);
        }
      }
    };
  };
  must(branches.a.transact(change(1)));
  must(branches.b.transact(change(2)));
  return branches;
}
void set_merge(benchmark::State& state) {
  static Diverged made = make_set();
  made.measure(state);
}
BENCHMARK(set_merge)->Name("set_merge/ours")->Unit(benchmark::kMicrosecond);

Diverged make_counter() {
  constexpr int kTransactions = 10, kIncrements = 1'000;  // in each
  Diverged branches;
  branches.fill(1, [](Tx& tx, uint64_t) { tx.at<Counter>("counter").add(1); });
  for (Branch* branch : {&branches.a, &branches.b}) {
    for (int t = 0; t < kTransactions; ++t) {
      must(branch->transact([](Tx& tx) {
        for (int i = 0; i < kIncrements; ++i) tx.at<Counter>("counter").add(1);
      }));
    }
  }
  return branches;
}
void counter_merge(benchmark::State& state) {
  static Diverged made = make_counter();
  made.measure(state);
}
BENCHMARK(counter_merge)->Name("counter_merge/ours")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ukstore::bench
