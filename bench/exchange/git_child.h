#pragma once
// git as a peer: a process, and the CPU time that it took.

#include <filesystem>
#include <string>
#include <vector>

namespace ukstore::bench {

// A folder that goes with all in it.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_file(const std::filesystem::path& to, const std::string& bytes);

// Runs `git -C REPOSITORY ARGUMENTS...` with its input from a file and its output to nowhere, and
// returns its CPU time in microseconds.  malloc is told to keep its memory, without which
// fast-import spends most of its time giving pages back.  Throws std::runtime_error if it fails.
double git_cpu_us(const std::filesystem::path& repository,
                  const std::vector<std::string>& arguments,
                  const std::filesystem::path& input = "/dev/null");

// The same of any process, with all those that it waits for.
double process_cpu_us(std::vector<std::string> words,
                      const std::filesystem::path& input = "/dev/null");

// CPU time of this process, in microseconds.
double own_cpu_us();

}  // namespace ukstore::bench
