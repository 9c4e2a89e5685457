#include <ukstore/tests/cli/terminal.h>

#include <ukstore/images/ukstore/process.h>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>

namespace ukstore::cli::tests {
namespace {

// A file in memory, for what a command reads and prints.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content = "") : fd_(memfd_create("cli", MFD_CLOEXEC)) {
    EXPECT_GE(fd_, 0);
    EXPECT_EQ(::write(fd_, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ::lseek(fd_, 0, SEEK_SET);
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  int fd() const { return fd_; }
  std::string content() const {
    std::string text(static_cast<size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

 private:
  const int fd_;
};

}  // namespace

std::string masked(const std::string& text) {
  static const std::regex kHash("[0-9a-f]{12,}");
  return std::regex_replace(text, kHash, "HASH");
}

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> objects;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    start = end + 1;
    Json object = Json::parse(line, nullptr, false);
    EXPECT_TRUE(object.is_object()) << "no JSON object: " << line;
    objects.push_back(std::move(object));
  }
  return objects;
}

Terminal::Terminal() : folder_(directory_.path()) {
  environment_ = {{"UKSTORE_AUTHOR", "Ann <ann@example.org>"}, {"UKSTORE_DATE", "1700000000"}};
}

Outcome Terminal::run(const std::vector<std::string>& words, const std::string& input) {
  const MemoryFile in(input), out, err;
  const Process process{words, environment_, folder_, in.fd(), out.fd(), err.fd()};
  const int exit = cli::run(process);
  return {exit, out.content(), err.content()};
}

std::string Terminal::must(const std::vector<std::string>& words, const std::string& input) {
  Outcome outcome = run(words, input);
  std::string line = "ukstore";
  for (const std::string& word : words) line += " " + word;
  EXPECT_EQ(outcome.exit, 0) << line << "\n" << outcome.err;
  if (outcome.out.ends_with('\n')) outcome.out.pop_back();
  return outcome.out;
}

Outcome Terminal::shell(const std::string& line) {
  const MemoryFile out, err;
  const std::filesystem::path bin = std::filesystem::path(UKSTORE_BINARY).parent_path();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out.fd(), STDOUT_FILENO);
    ::dup2(err.fd(), STDERR_FILENO);
    if (::chdir(folder_.c_str()) != 0) ::_exit(126);
    const char* path = std::getenv("PATH");
    ::setenv("PATH", (bin.string() + ":" + (path ? path : "")).c_str(), 1);
    for (const auto& [name, value] : environment_) ::setenv(name.c_str(), value.c_str(), 1);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {exit, out.content(), err.content()};
}

std::string Terminal::root(const std::string& branch) {
  const Outcome outcome = run({"status", "--json", "--branch", branch});
  const auto objects = json_lines(outcome.out);
  return outcome.exit == 0 && !objects.empty() ? objects[0]["tree"].get<std::string>() : "none";
}

void Terminal::expect_clean() {
  const Outcome outcome = run({"fsck", "--deep"});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
}

}  // namespace ukstore::cli::tests
