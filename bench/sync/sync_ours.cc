// What replicas send each other, beside the information in it: the bytes of the commit, and of each
// edit its path, kind and payload.  Bytes are those of the stream under TLS, both ways together.
#include <ukstore/store/diff.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/sync/transfer.h>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <stdexcept>

namespace ukstore::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

uint64_t keys() {
  const char* quick = std::getenv("UKSTORE_BENCH_QUICK");
  return quick && *quick == '1' ? 200'000 : 1'000'000;
}

// 16 bytes, spread evenly.
Bytes key(uint64_t i) {
  static constexpr char kDigits[] = "0123456789abcdef";
  uint64_t x = (i + 1) * 0x9e3779b97f4a7c15;
  Bytes text;
  for (int d = 0; d < 16; ++d, x >>= 4) text.push_back(kDigits[x & 15]);
  return text;
}
// 32 bytes that nothing shortens.
Bytes value(uint64_t i) {
  Bytes text;
  for (uint64_t n = 0; n < 4; ++n)
    append_le<uint64_t>(text, (i + 7) * 0xd6e8feb86659fd93 * (2 * n + 1));
  return text;
}

std::unique_ptr<Repo> memory_repo() {
  RepoOptions options;
  options.incarnation = "bench";
  return must(Repo::open(make_memory_backend(), std::move(options)));
}

Hash head_of(Repo& repo) { return must(repo.branch("main").head()).value().hash; }

uint64_t information(Repo& repo, const Hash& commit) {
  auto stored = must(repo.store().commit({commit, {}}));
  Tree before(repo.store().objects());
  if (!stored.commit.parents.empty()) {
    before = must(repo.store().tree(must(repo.store().commit(stored.commit.parents.front()))));
  }
  uint64_t bytes = encode(stored.commit).size();
  must(diff_paths(before, must(repo.store().tree(stored)),
                  [&](BytesView path, const auto&, const std::optional<Entry>& after) {
                    bytes += path.size() + (after ? 1 + after->payload_size : 0);
                    return Flow::go_on;
                  }));
  return bytes;
}

// Two replicas of the same keys, one of which has cloned the other.
struct Pair {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  std::unique_ptr<Repo> a = memory_repo(), b = memory_repo();
  Host host{*b, {.store_id = Bytes(16, 'b'), .right = [](const Peer&, BytesView) {
                   return Right::merge;
                 }}};
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  kj::Promise<void> serving =
      kj::Promise<void>(serve(host, kj::mv(pipe.ends[1]), {.name = "a"})).eagerlyEvaluate(nullptr);
  Connection connection{kj::mv(pipe.ends[0]), Bytes(16, 'a')};
  std::shared_ptr<PeerHas> has = std::make_shared<PeerHas>();
  Pusher pusher{*a, connection.session(), "main", has};
  uint64_t clone_bytes = 0, clone_information = 0;

  Pair() {
    constexpr uint64_t kBatch = 50'000;
    for (uint64_t from = 0; from < keys(); from += kBatch) {
      must(b->branch("main").transact([&](Tx& tx) {
        for (uint64_t i = from; i < std::min(keys(), from + kBatch); ++i) tx.set(key(i), value(i));
      }));
      clone_information += information(*b, head_of(*b));
    }
    pull(*a, connection.session(), {.remote = "b", .merge_into = "main"}).wait(scope);
    clone_bytes = bytes();
    if (head_of(*a) != head_of(*b)) throw std::runtime_error("the clone differs");
    has->add(head_of(*b));
    change(1);  // opens the push
    push();
  }
  uint64_t bytes() const {
    return connection.stream().bytes_read() + connection.stream().bytes_written();
  }
  void change(uint64_t count) {
    must(a->branch("main").transact([&](Tx& tx) {
      for (uint64_t i = 0; i < count; ++i, ++changes)
        tx.set(key(changes * 7919 % keys()), value(keys() + changes));
    }));
  }
  void push() {
    pusher.push().wait(scope);
    if (head_of(*a) != head_of(*b)) throw std::runtime_error("the push has not landed");
  }
  uint64_t changes = 0;
};

Pair& pair() {
  static Pair made;
  return made;
}

void push_changes(benchmark::State& state, uint64_t count) {
  Pair& both = pair();
  uint64_t sent = 0, informed = 0, times = 0;
  for (auto _ : state) {
    state.PauseTiming();
    both.change(count);
    informed += information(*both.a, head_of(*both.a));
    const uint64_t before = both.bytes();
    state.ResumeTiming();
    both.push();
    state.PauseTiming();
    sent += both.bytes() - before;
    ++times;
    state.ResumeTiming();
  }
  state.counters["bytes"] = static_cast<double>(sent) / static_cast<double>(times);
  state.counters["information"] = static_cast<double>(informed) / static_cast<double>(times);
}

void sync_one(benchmark::State& state) { push_changes(state, 1); }
void sync_100(benchmark::State& state) { push_changes(state, 100); }

void local_commit(benchmark::State& state) {
  Pair& both = pair();
  for (auto _ : state) both.change(1);
}

void clone(benchmark::State& state) {
  Pair& both = pair();
  for (auto _ : state) benchmark::DoNotOptimize(both.clone_bytes);
  state.counters["bytes"] = static_cast<double>(both.clone_bytes);
  state.counters["information"] = static_cast<double>(both.clone_information);
}

BENCHMARK(sync_one)->Name("sync_one/ours")->Iterations(2000);
BENCHMARK(sync_100)->Name("sync_100/ours")->Iterations(200);
BENCHMARK(local_commit)->Name("local_commit/ours")->Iterations(2000);
BENCHMARK(clone)->Name("clone/ours")->Iterations(1);

}  // namespace
}  // namespace ukstore::bench
