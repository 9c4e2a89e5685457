// A clone of a history of 10,000 commits beside git's: CPU time of both ends, with all processes.
//
// Ours is a store that is served over TLS and TCP on the loopback, and the clone of it, each a
// process, with every commit verified and all on disk at the end.  Git's is a bare clone over
// file://, where upload-pack sends through a pipe, from a repository that was packed before, with
// its own check of the connectivity.
#include <ukstore/bench/exchange/git_child.h>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

namespace ukstore::bench {
namespace {

size_t commits() {
  const char* quick = std::getenv("UKSTORE_BENCH_QUICK");
  return quick && *quick == '1' ? 2'000 : 10'000;
}

constexpr size_t kFiles = 1'000;
constexpr size_t kLines = 40;

// Files of lines in 50 directories; each commit changes a line in one to four of them.  Every tenth
// commit of the line `side` merges into `main`.
class Stream {
 public:
  std::string make(size_t commits) {
    for (auto& file : files_) {
      for (size_t i = 0; i < kLines; ++i) file.push_back(line());
    }
    for (size_t number = 0; number < commits; ++number) commit(number);
    return std::move(stream_);
  }

 private:
  std::string line() {
    static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz    _();";
    std::string text;
    for (size_t i = 0; i < 20 + random_() % 40; ++i) {
      text.push_back(kLetters[random_() % (sizeof kLetters - 1)]);
    }
    return text + "\n";
  }
  void put(size_t file) {
    std::string content;
    for (const std::string& each : files_[file]) content += each;
    stream_ += "M 100644 inline dir" + std::to_string(file % 50) + "/file" + std::to_string(file) +
               "\ndata " + std::to_string(content.size()) + "\n" + content + "\n";
  }
  void commit(size_t number) {
    const bool side = number % 10 >= 5 && number > 10;
    const std::string who =
        " A U Thor <author@example.com> " + std::to_string(1'700'000'000 + number) + " +0000\n";
    const std::string message = "change " + std::to_string(number);
    stream_ += "commit refs/heads/" + std::string(side ? "side" : "main") +
               "\nmark :" + std::to_string(number + 1) + "\nauthor" + who + "committer" + who +
               "data " + std::to_string(message.size()) + "\n" + message + "\n";
    if (number > 0) {
      const size_t parent = side && number % 10 > 5 ? side_ : main_;
      stream_ += "from :" + std::to_string(parent) + "\n";
    }
    if (!side && number % 10 == 0 && side_ > 0) stream_ += "merge :" + std::to_string(side_) + "\n";
    (side ? side_ : main_) = number + 1;
    if (number == 0) {
      for (size_t file = 0; file < kFiles; ++file) put(file);
    }
    for (size_t i = 0; i < 1 + random_() % 4; ++i) {
      // The two lines of history change files of their own, so that there is nothing to settle.
      const size_t file = 2 * (random_() % (kFiles / 2)) + (side ? 1 : 0);
      files_[file][random_() % kLines] = line();
      put(file);
    }
    stream_ += "\n";
  }

  std::mt19937_64 random_{10'000};
  std::vector<std::vector<std::string>> files_{kFiles};
  std::string stream_;
  size_t main_ = 0, side_ = 0;
};

void clone_ours(benchmark::State& state) {
  Scratch scratch;
  const std::string store = (scratch.path() / "store").string();
  const std::string copy = (scratch.path() / "copy").string();
  write_file(scratch.path() / "stream", Stream().make(commits()));
  process_cpu_us({UKSTORE_BINARY, "--store", store, "init"});
  process_cpu_us({UKSTORE_BINARY, "--store", store, "import", "--format", "git"},
                 scratch.path() / "stream");
  double spent = 0;
  for (auto _ : state) {
    std::filesystem::remove_all(copy);
    spent += process_cpu_us({UKSTORE_BINARY, "--store", store, "serve", "--listen", "localhost:0",
                             "--anyone", "read", "--exec",
                             std::string(UKSTORE_BINARY) + " clone $UKSTORE_ADDRESS " + copy});
  }
  state.counters["cpu_us"] = spent / static_cast<double>(state.iterations());
}

void clone_peer(benchmark::State& state) {
  Scratch scratch;
  const auto origin = scratch.path() / "origin.git";
  const auto copy = scratch.path() / "copy.git";
  write_file(scratch.path() / "stream", Stream().make(commits()));
  std::filesystem::create_directories(origin);
  git_cpu_us(origin, {"init", "-q", "--bare"});
  git_cpu_us(origin, {"fast-import", "--quiet"}, scratch.path() / "stream");
  git_cpu_us(origin, {"gc", "-q"});
  double spent = 0;
  for (auto _ : state) {
    std::filesystem::remove_all(copy);
    spent += git_cpu_us(scratch.path(),
                        {"clone", "-q", "--bare", "file://" + origin.string(), copy.string()});
  }
  state.counters["cpu_us"] = spent / static_cast<double>(state.iterations());
}

BENCHMARK(clone_ours)->Name("clone_git/ours")->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK(clone_peer)->Name("clone_git/peer")->Unit(benchmark::kMillisecond)->Iterations(2);

}  // namespace
}  // namespace ukstore::bench
