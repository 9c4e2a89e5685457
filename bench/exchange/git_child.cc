#include <ukstore/bench/exchange/git_child.h>

#include <ctime>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;

namespace ukstore::bench {

Scratch::Scratch() {
  std::string path = (std::filesystem::temp_directory_path() / "ukstore-bench-XXXXXX").string();
  if (!::mkdtemp(path.data())) throw std::runtime_error("cannot make " + path);
  path_ = path;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::filesystem::path& to, const std::string& bytes) {
  std::ofstream file(to, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + to.string());
}

double git_cpu_us(const std::filesystem::path& repository,
                  const std::vector<std::string>& arguments, const std::filesystem::path& input) {
  std::vector<std::string> words{"env",
                                 "MALLOC_TRIM_THRESHOLD_=1000000000",
                                 "MALLOC_MMAP_THRESHOLD_=1000000000",
                                 "MALLOC_TOP_PAD_=268435456",
                                 "GIT_CONFIG_GLOBAL=/dev/null",
                                 "git",
                                 "-C",
                                 repository.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return process_cpu_us(std::move(words), input);
}

double process_cpu_us(std::vector<std::string> words, const std::filesystem::path& input) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t id = 0;
  int failed = ::posix_spawnp(&id, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + words.front());
  int status = 0;
  rusage used{};
  if (::wait4(id, &status, 0, &used) != id || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::string line;
    for (const std::string& word : words) line += word + " ";
    throw std::runtime_error(line + "failed");
  }
  auto us = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

double own_cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

}  // namespace ukstore::bench
