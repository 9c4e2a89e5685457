#pragma once
// Programs run beside a test: git, with its output, or with a pipe to or from it.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ukstore::tests {

// What a program that has ended said.
struct Ran {
  int exit = 0;
  std::string out;
};

// A program that runs while this process reads its output, or writes its input.
class Process {
 public:
  enum class Pipe { output, input };
  // Its other streams: input from /dev/null, output to /dev/null, errors to this process's unless
  // quiet.
  enum class Errors { shown, quiet };
  Process(const std::vector<std::string>& command, Pipe pipe, Errors errors = Errors::shown);
  ~Process();
  Process(const Process&) = delete;

  int descriptor() const { return descriptor_; }
  // Closes the pipe and waits; the exit code, 128 and the number for a signal.
  int finish();

 private:
  int descriptor_ = -1;
  int id_ = -1;
};

// `git -C REPO ARGUMENTS...`, not looking at the user's configuration.
std::vector<std::string> git_command(const std::filesystem::path& repository,
                                     const std::vector<std::string>& arguments);
Ran git(const std::filesystem::path& repository, const std::vector<std::string>& arguments);
// The output of what must succeed; throws std::runtime_error else.
std::string git_output(const std::filesystem::path& repository,
                       const std::vector<std::string>& arguments);
std::vector<std::string> lines_of(const std::string& text, char end = '\n');

}  // namespace ukstore::tests
