// Ctrl-C at any moment: a clean store, the exit code, and what to do.
#include <ukstore/tests/cli/terminal.h>
#include <ukstore/tests/counts.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

namespace ukstore::cli::tests {
namespace {

// The real program with pipes at both ends.
class Child {
 public:
  Child(const Terminal& terminal, const std::vector<std::string>& words) {
    int in[2], err[2];
    EXPECT_EQ(::pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
      if (::chdir(terminal.folder().c_str()) != 0) ::_exit(126);
      std::vector<char*> argv{const_cast<char*>("ukstore")};
      for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      ::execv(UKSTORE_BINARY, argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(err[1]);
    in_ = in[1];
    err_ = err[0];
  }
  ~Child() {
    close_input();
    ::close(err_);
  }
  Child(const Child&) = delete;

  // Returns once all is in the pipe: what it does not hold was read.
  void feed(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = ::write(in_, text.data(), text.size());
      if (size <= 0) return;
      text.remove_prefix(static_cast<size_t>(size));
    }
  }
  void close_input() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }
  void signal(int number) { ::kill(pid_, number); }
  // Waits for a line on standard error.
  std::string line() {
    std::string text;
    for (char c; ::read(err_, &c, 1) == 1;) {
      if (c == '\n') return text;
      text += c;
    }
    return text;
  }
  // Waits for its end; the exit code, and the rest of standard error.
  Outcome end() {
    Outcome outcome;
    char piece[4096];
    for (ssize_t size; (size = ::read(err_, piece, sizeof piece)) > 0;) {
      outcome.err.append(piece, static_cast<size_t>(size));
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    outcome.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return outcome;
  }

 private:
  pid_t pid_ = 0;
  int in_ = -1;
  int err_ = -1;
};

std::string batch_line(int i) {
  return "{\"op\":\"set\",\"path\":\"b/" + std::to_string(i) + "\",\"value\":\"" +
         std::string(200, 'x') + "\"}\n";
}

// A pipe holds 64 KiB: when this is in it, much of it was read.
constexpr int kManyLines = 2'000;

std::string many_lines(int count = kManyLines) {
  std::string text;
  for (int i = 0; i < count; ++i) text += batch_line(i);
  return text;
}

class Signals : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    terminal_.must({"init"});
    terminal_.must({"set", "a", "1"});
    root_ = terminal_.root();
  }
  int exit_code() const { return GetParam() == SIGINT ? 130 : 143; }
  std::string word() const { return GetParam() == SIGINT ? "interrupted" : "terminated"; }
  Terminal terminal_;
  std::string root_;
};

TEST_P(Signals, DuringABatchNothingIsChanged) {
  Child child(terminal_, {"batch"});
  child.feed(many_lines());
  child.signal(GetParam());
  const Outcome outcome = child.end();
  EXPECT_EQ(outcome.exit, exit_code()) << outcome.err;
  EXPECT_EQ(outcome.err, "error: " + word() + "\ncause: nothing was changed\n" +
                             "hint: run the command again\n");
  EXPECT_EQ(terminal_.root(), root_);
  terminal_.expect_clean();
}

TEST_P(Signals, UnderJsonTheMessageIsJson) {
  Child child(terminal_, {"batch", "--json"});
  child.feed(many_lines());
  child.signal(GetParam());
  const Outcome outcome = child.end();
  const auto objects = json_lines(outcome.err);
  ASSERT_EQ(objects.size(), 1u) << outcome.err;
  EXPECT_EQ(objects[0].at("error").at("exit"), exit_code());
  EXPECT_EQ(objects[0].at("error").at("code"), word());
}

TEST_P(Signals, WhileItWaitsForTheLockNothingIsChanged) {
  const auto path = terminal_.folder() / ".ukstore/writer.lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  Child child(terminal_, {"set", "a", "2", "--progress", "plain"});
  EXPECT_TRUE(child.line().starts_with("waiting to write"));
  child.signal(GetParam());
  const Outcome outcome = child.end();
  EXPECT_EQ(outcome.exit, exit_code()) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: see whether it is: ukstore journal -n 1"), std::string::npos)
      << outcome.err;
  ::close(fd);
  EXPECT_EQ(terminal_.root(), root_);
  terminal_.must({"set", "a", "2"});  // the lock went with its holder
  terminal_.expect_clean();
}

// Wherever it is hit, all of the batch is stored or nothing.
TEST_P(Signals, WhileItCommitsAllIsStoredOrNothing) {
  std::mt19937_64 random(static_cast<uint64_t>(GetParam()));
  const int rounds = ukstore::tests::count(8, 200);
  for (int round = 0; round < rounds; ++round) {
    const std::string before = terminal_.root();
    Child child(terminal_, {"batch", "-m", std::to_string(round)});
    child.feed(batch_line(10'000 + round) + many_lines());
    child.close_input();
    // How far it comes meanwhile is chance: so many commands of another process pass.
    for (uint64_t i = random() % 6; i > 0; --i) terminal_.must({"get", "a"});
    child.signal(GetParam());
    const Outcome outcome = child.end();
    EXPECT_TRUE(outcome.exit == exit_code() || outcome.exit == 0) << outcome.exit << outcome.err;
    const Outcome made = terminal_.run({"get", "b/" + std::to_string(10'000 + round)});
    if (outcome.exit == 0) {
      EXPECT_EQ(made.exit, 0);
    }
    if (made.exit != 0) {
      EXPECT_EQ(terminal_.root(), before);
    }
  }
  terminal_.expect_clean();
}

TEST_P(Signals, AnUnfinishedBackupLeavesNoFile) {
  // The file that the backup is written to is a pipe here, so that it comes to a halt.
  terminal_.must({"set", "long", std::string(100'000, 'x')});
  std::string noise;
  for (int i = 0; i < 40'000; ++i) noise += std::to_string(i * 7919 % 100'003);
  terminal_.must({"set", "noise", "-"}, noise);
  const auto file = terminal_.folder() / "copy.unfinished";
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  Child child(terminal_, {"backup", "copy"});
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);  // waits until it is being written
  child.signal(GetParam());
  EXPECT_EQ(child.end().exit, exit_code());
  ::close(fd);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(terminal_.folder() / "copy"));
  terminal_.expect_clean();
}

TEST_P(Signals, AWatchEndsWithoutComplaint) {
  Child child(terminal_, {"watch", "--since-journal", "0", "--exec", "cat >&2"});
  EXPECT_NE(child.line().find("\"paths\":[{\"path\":\"a\"}]"), std::string::npos);
  child.signal(GetParam());
  const Outcome outcome = child.end();
  EXPECT_EQ(outcome.exit, exit_code());
  EXPECT_EQ(outcome.err, "");
}

INSTANTIATE_TEST_SUITE_P(Both, Signals, testing::Values(SIGINT, SIGTERM), [](const auto& info) {
  return std::string(info.param == SIGINT ? "Interrupt" : "Terminate");
});

}  // namespace
}  // namespace ukstore::cli::tests
