// The CPU time of a whole `ukstore get`, from exec to exit, beside /bin/true's: in turns, medians.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace ukstore::bench {
namespace {

using Command = std::vector<std::string>;

// Runs it with its output thrown away; the CPU time of the process, with its kernel time.
double cpu_us(const Command& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = vfork();
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    execv(words[0], words.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("cannot run " + command[0]);
  }
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

double median(std::vector<double>& figures) {
  const auto middle = figures.begin() + static_cast<ptrdiff_t>(figures.size() / 2);
  std::nth_element(figures.begin(), middle, figures.end());
  return *middle;
}

// A store with a few values and commits.
class FilledStore {
 public:
  FilledStore() {
    std::string folder = (std::filesystem::temp_directory_path() / "ukstore-bench-XXXXXX").string();
    if (!mkdtemp(folder.data())) throw std::runtime_error("cannot make " + folder);
    path_ = folder;
    cpu_us({UKSTORE_BINARY, "--store", path_, "init"});
    for (int i = 0; i < 20; ++i) {
      cpu_us({UKSTORE_BINARY, "--store", path_, "set", "notes/" + std::to_string(i), "value"});
    }
  }
  ~FilledStore() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void cli_get(benchmark::State& state) {
  const FilledStore store;
  const Command get{UKSTORE_BINARY, "--store", store.path(), "get", "notes/7"};
  std::vector<double> ours, nothing;
  for (auto _ : state) {
    ours.push_back(cpu_us(get));
    nothing.push_back(cpu_us({"/bin/true"}));
  }
  const double true_us = median(nothing);
  state.counters["true_us"] = true_us;
  state.counters["over_us"] = median(ours) - true_us;
  state.counters["budget_us"] = 5'000;
}
BENCHMARK(cli_get)->Name("cli_get/ours")->Iterations(300);

}  // namespace
}  // namespace ukstore::bench
