// The store's own tests inside the image, on LMDB on virtio-blk.

#include <gtest/gtest.h>

#include <regex>

#include "machine.h"

namespace boot_test {
namespace {

class Suite : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Boot, Suite, testing::Values("microvm", "q35"),
                         [](const auto& info) { return info.param; });

// All that run on every backend, but for what forks.
std::vector<std::string> arguments(const std::string& disk) {
  return {"--gtest_filter=*lmdb*-*AcrossProcesses*", "--gtest_print_time=0", "disk=" + disk};
}

TEST_P(Suite, TheStoresTestsOnLmdbPassAndAreTheSameInNumberAsInTheProcess) {
  Folder folder;
  Outcome process = as_process("suite", arguments(folder.path("host")));
  ASSERT_EQ(process.code, 0) << process.out;
  Outcome machine = boot({.image = "suite",
                          .machine = GetParam(),
                          .options = {"--disk", folder.disk("disk", 256), "--memory", "256"},
                          .arguments = arguments("/disk"),
                          .timeout_s = 300});
  EXPECT_EQ(machine.code, 0) << machine.errors;
  EXPECT_EQ(machine.out, process.out);
  std::smatch passed;
  ASSERT_TRUE(std::regex_search(machine.out, passed, std::regex("PASSED  \\] ([0-9]+) tests")));
  EXPECT_GE(std::stoi(passed[1]), 150);
  RecordProperty("tests", passed[1]);
}

}  // namespace
}  // namespace boot_test
