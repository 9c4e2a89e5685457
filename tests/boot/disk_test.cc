// The disk between libos and the host.

#include <gtest/gtest.h>

#include "commits.h"
#include "machine.h"

namespace boot_test {
namespace {

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

}  // namespace
}  // namespace boot_test
