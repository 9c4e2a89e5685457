#include "process.h"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ukstore::tests {

Process::Process(const std::vector<std::string>& command, Pipe pipe, Errors errors) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  int theirs = pipe == Pipe::output ? ends[1] : ends[0];
  descriptor_ = pipe == Pipe::output ? ends[0] : ends[1];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (pipe == Pipe::output) {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, theirs, 1);
  } else {
    posix_spawn_file_actions_adddup2(&actions, theirs, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  }
  if (errors == Errors::quiet) {
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  }
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int failed = posix_spawnp(&id_, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(theirs);
  if (failed != 0) {
    id_ = -1;
    throw std::runtime_error("cannot run " + command.front());
  }
}

Process::~Process() { finish(); }

int Process::finish() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (id_ < 0) return 0;
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::string> git_command(const std::filesystem::path& repository,
                                     const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"env",
                                   "GIT_CONFIG_GLOBAL=/dev/null",
                                   "GIT_CONFIG_NOSYSTEM=1",
                                   "LC_ALL=C",
                                   "git",
                                   "-c",
                                   "safe.directory=*",
                                   "-C",
                                   repository.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Ran git(const std::filesystem::path& repository, const std::vector<std::string>& arguments) {
  Process process(git_command(repository, arguments), Process::Pipe::output);
  Ran ran;
  char buffer[65536];
  for (;;) {
    ssize_t taken = ::read(process.descriptor(), buffer, sizeof buffer);
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) break;
    ran.out.append(buffer, static_cast<size_t>(taken));
  }
  ran.exit = process.finish();
  return ran;
}

std::string git_output(const std::filesystem::path& repository,
                       const std::vector<std::string>& arguments) {
  Ran ran = git(repository, arguments);
  if (ran.exit != 0) {
    throw std::runtime_error("git " + arguments.front() + " failed with " +
                             std::to_string(ran.exit));
  }
  return ran.out;
}

std::vector<std::string> lines_of(const std::string& text, char end) {
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    size_t stop = std::min(text.find(end, start), text.size());
    lines.push_back(text.substr(start, stop - start));
    start = stop + 1;
  }
  return lines;
}

}  // namespace ukstore::tests
