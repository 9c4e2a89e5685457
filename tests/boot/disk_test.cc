// The disk between libos and the host, and through power cuts.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "machine.h"

namespace boot_test {
namespace {

// The last commit in the database at `path`, all earlier ones checked; -1 if there is no database,
// -2 if it is broken.
long last_commit(const std::string& path) {
  MDB_env* env = nullptr;
  mdb_env_create(&env);
  mdb_env_set_mapsize(env, size_t{64} << 20);
  long last = -2;
  int opened = mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi;
  if (opened == MDB_SUCCESS && mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == MDB_SUCCESS &&
      mdb_dbi_open(txn, nullptr, 0, &dbi) == MDB_SUCCESS) {
    auto get = [&](const std::string& key) {
      MDB_val k{key.size(), const_cast<char*>(key.data())}, v{};
      if (mdb_get(txn, dbi, &k, &v) != MDB_SUCCESS) return std::string();
      return std::string(static_cast<char*>(v.mv_data), v.mv_size);
    };
    std::string text = get("last");
    last = text.empty() ? 0 : std::stol(text);
    for (long i = 1; i <= last; ++i) {
      std::string expected(static_cast<size_t>(i * 37 % 700 + 1), static_cast<char>('a' + i % 26));
      if (get("commit-" + std::to_string(i)) != expected) last = -2;
    }
  }
  if (txn) mdb_txn_abort(txn);
  mdb_env_close(env);
  return last;
}

class OnDisk : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Boot, OnDisk, testing::Values("microvm", "q35"),
                         [](const auto& info) { return info.param; });

TEST_P(OnDisk, LmdbsFileIsReadByTheHostAndBack) {
  Folder folder;
  std::string disk = folder.disk("disk", 32);
  Boot machine{.image = "commits",
               .machine = GetParam(),
               .options = {"--disk", disk},
               .arguments = {"/disk", "20"}};
  ASSERT_EQ(boot(machine).code, 0);
  EXPECT_EQ(last_commit(disk), 20);
  Outcome process = as_process("commits", {disk, "10"});
  EXPECT_EQ(process.code, 0) << process.out;
  EXPECT_TRUE(process.out.ends_with("30\n")) << process.out;
  Outcome again = boot(machine);
  EXPECT_TRUE(again.out.ends_with("50\n")) << again.out;
  EXPECT_EQ(last_commit(disk), 50);
}

TEST_P(OnDisk, AFullDiskIsAnErrorAndWhatWasCommittedStays) {
  Folder folder;
  std::string disk = folder.disk("disk", 1);
  Outcome outcome = boot({.image = "commits",
                          .machine = GetParam(),
                          .options = {"--disk", disk},
                          .arguments = {"/disk"}});
  EXPECT_EQ(outcome.code, 3);
  // LMDB calls a write of several pages that fails half-way an I/O error, as it does on Linux.
  bool named = outcome.out.ends_with("commit: No space left on device\n") ||
               outcome.out.ends_with("commit: Input/output error\n");
  EXPECT_TRUE(named) << outcome.out;
  EXPECT_GT(last_commit(disk), 10);
}

TEST_P(OnDisk, ACacheOfSixtyFourKibibytesIsEnough) {
  Folder folder;
  std::string disk = folder.disk("disk", 32);
  Outcome process = as_process("probe", {"disk=" + folder.path("host.mdb"), "lmdb"});
  Outcome machine = boot({.image = "probe",
                          .machine = GetParam(),
                          .options = {"--disk", disk, "--set", "cache=64"},
                          .arguments = {"disk=/disk", "lmdb"}});
  EXPECT_EQ(machine.out, process.out);
}

TEST_P(OnDisk, AFrameGoesOutAndItsAnswerComesIn) {
  Outcome outcome = boot({.image = "frames", .machine = GetParam(), .options = {"--net", "user"}});
  EXPECT_EQ(outcome.out, "10.0.2.2 answers\n") << outcome.code;
  EXPECT_EQ(as_process("frames", {}).code, 3);
}

// Starts the machine, kills the emulator after `after_ms`, and returns the last number that it
// printed.
long cut_power(const std::string& machine, const std::string& disk, int after_ms) {
  auto printed = boot_command({.image = "commits",
                               .machine = machine,
                               .options = {"--disk", disk, "--print"},
                               .arguments = {"/disk"}});
  std::string command = "exec " + run(printed).out;
  // The debug console's file lies in a folder that is gone with images/boot.
  for (size_t at = command.find("path=/"); at != command.npos; at = command.npos) {
    command.replace(at + 5, command.find(' ', at) - at - 5, "/dev/null");
  }
  int out[2];
  if (pipe2(out, O_CLOEXEC)) return -3;
  pid_t child = fork();
  if (child == 0) {
    dup2(out[1], 1);
    execlp("bash", "bash", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
  poll(nullptr, 0, after_ms);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(out[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  close(out[0]);
  text.resize(text.rfind('\n') == text.npos ? 0 : text.rfind('\n'));
  size_t line = text.rfind('\n');
  return text.empty() ? 0 : std::atol(text.c_str() + (line == text.npos ? 0 : line + 1));
}

int cuts() {
  const char* text = std::getenv("UKSTORE_POWER_CUTS");
  return text ? std::atoi(text) : 20;
}

TEST(PowerCut, NothingAcknowledgedIsLostAtRandomMoments) {
  Folder folder;
  std::string disk = folder.disk("disk", 32);
  std::mt19937_64 random(7);
  long acknowledged = 0;
  for (int i = 0; i < cuts(); ++i) {
    long printed =
        cut_power(i % 2 ? "q35" : "microvm", disk, static_cast<int>(100 + random() % 500));
    if (printed > acknowledged) acknowledged = printed;
    long found = last_commit(disk);
    if (acknowledged == 0 && found < 0) continue;  // cut before the database was there
    ASSERT_GE(found, acknowledged) << "cut " << i;
    ASSERT_LE(found, acknowledged + 1) << "cut " << i;
    acknowledged = found;
  }
  EXPECT_GT(acknowledged, 0);
}

TEST(PowerCut, AFirstOpenThatIsCutOffCanBeRepeated) {
  std::mt19937_64 random(8);
  for (int i = 0; i < cuts(); ++i) {
    Folder folder;
    std::string disk = folder.disk("disk", 4);
    cut_power("microvm", disk, static_cast<int>(60 + random() % 120));
    Outcome outcome =
        boot({.image = "commits", .options = {"--disk", disk}, .arguments = {"/disk", "1"}});
    ASSERT_EQ(outcome.code, 0) << "cut " << i << ": " << outcome.out;
  }
}

}  // namespace
}  // namespace boot_test
