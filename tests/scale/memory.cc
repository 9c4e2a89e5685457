#include <ukstore/tests/scale/memory.h>

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace ukstore::scale {
namespace {

// A figure of /proc/self/status, in bytes.
uint64_t status_bytes(std::string_view name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    uint64_t kib = 0;
    if (word == name && status >> kib) return kib * 1024;
  }
  throw std::runtime_error("/proc/self/status has no " + std::string(name));
}

// What the child writes into the pipe, and dies.  The limit is on addresses, of which the child
// keeps those that earlier tests of the program left in the heap, empty: they come on top.
[[noreturn]] void run_child(int out, uint64_t cap_bytes,
                            const std::function<std::string(const std::function<void()>&)>& work) {
  malloc_trim(0);  // what earlier tests freed is not this work's
  const uint64_t limit_bytes = status_bytes("VmData:") + cap_bytes;
  const rlimit limit{limit_bytes, limit_bytes};
  uint64_t peak = 0;
  std::string said;
  if (setrlimit(RLIMIT_DATA, &limit) != 0) {
    said = "RLIMIT_DATA cannot be set";
  } else {
    try {
      said = work([&] { peak = std::max(peak, anonymous_bytes()); });
    } catch (const std::exception& error) {
      said = std::string("threw ") + error.what();
    }
  }
  const std::string line = std::to_string(peak) + " " + said;
  const bool written = write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  _exit(written && said.empty() ? 0 : 1);
}

}  // namespace

uint64_t anonymous_bytes() { return status_bytes("RssAnon:"); }

ChildResult run_capped(uint64_t cap_bytes,
                       const std::function<std::string(const std::function<void()>& note)>& work) {
  int ends[2];
  if (pipe(ends) != 0) return {.said = "no pipe"};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    run_child(ends[1], cap_bytes, work);
  }
  close(ends[1]);
  std::string line;
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) line.append(buffer, n);
  close(ends[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child) return {.said = "the child is lost"};
  if (!WIFEXITED(status)) return {.said = "died by signal " + std::to_string(WTERMSIG(status))};
  ChildResult result;
  const size_t space = line.find(' ');
  if (space == std::string::npos) return {.said = "the child said nothing"};
  result.peak_bytes = std::stoull(line);
  result.said = line.substr(space + 1);
  result.ok = WEXITSTATUS(status) == 0 && result.said.empty();
  return result;
}

ScratchDir::ScratchDir() {
  const char* top = std::getenv("TMPDIR");
  std::string name = std::string(top ? top : "/var/tmp") + "/ukstore-scale-XXXXXX";
  if (!mkdtemp(name.data())) throw std::runtime_error("no scratch folder: " + name);
  path_ = name;
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;  // nothing depends on it, and a destructor must not throw
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ukstore::scale
