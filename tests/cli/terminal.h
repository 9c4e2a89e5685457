#pragma once
// A user at the command line: runs commands in a folder, in this process or by a shell.

#include <ukstore/images/ukstore/json.h>
#include <ukstore/tests/temporary_directory.h>

#include <map>
#include <string>
#include <vector>

namespace ukstore::cli::tests {

struct Outcome {
  int exit = 0;
  std::string out;
  std::string err;
};

// With every run of 12 hex digits and more as HASH.
std::string masked(const std::string& text);
// Each line of the text as JSON; a test failure for a line that is none.
std::vector<Json> json_lines(const std::string& text);

class Terminal {
 public:
  Terminal();
  const std::filesystem::path& folder() const { return folder_; }

  // One command in this process, by its words, without "ukstore".
  Outcome run(const std::vector<std::string>& words, const std::string& input = "");
  // The same; a test failure if it does not exit with 0.  Its output without the last line end.
  std::string must(const std::vector<std::string>& words, const std::string& input = "");
  // A line for the shell, where `ukstore` is the real program.
  Outcome shell(const std::string& line);

  // A variable for the commands to come.
  void set(const std::string& name, const std::string& value) { environment_[name] = value; }
  // The root hash of a branch, and whether the store passes its check: what must not change.
  std::string root(const std::string& branch = "main");
  void expect_clean();

 private:
  ukstore::tests::TemporaryDirectory directory_{
      ukstore::tests::TemporaryDirectory::Where::in_memory};
  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
};

}  // namespace ukstore::cli::tests
