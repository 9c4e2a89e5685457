// Clones that are killed, and clones of histories that git made.
#include <ukstore/tests/cli/background.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/exchange/git/seeded_history.h>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>

namespace ukstore::cli::tests {
namespace {

// The branches of a store that are its own, with their heads.
std::map<std::string, std::string> heads_of(Terminal& terminal, const std::string& folder) {
  std::map<std::string, std::string> heads;
  for (const Json& row : json_lines(terminal.must({"branch", "--json", "-C", folder}))) {
    heads[row.at("branch")] = row.at("head");
  }
  return heads;
}

std::string root_of(Terminal& terminal, const std::string& folder, const std::string& branch) {
  return json_lines(terminal.must({"status", "--json", "-C", folder, "--branch", branch}))
      .at(0)
      .at("tree");
}

void expect_equal(Terminal& terminal, const std::string& a, const std::string& b) {
  const auto heads = heads_of(terminal, a);
  EXPECT_EQ(heads, heads_of(terminal, b));
  for (const auto& [branch, head] : heads) {
    EXPECT_EQ(root_of(terminal, a, branch), root_of(terminal, b, branch)) << branch;
  }
  EXPECT_EQ(terminal.must({"fsck", "--deep", "--quiet", "-C", b}), "");
}

// A history of files that nothing shortens, as git fast-export would write it.
std::string large_stream(uint64_t seed, int commits) {
  std::mt19937_64 random(seed);
  std::string stream;
  for (int commit = 1; commit <= commits; ++commit) {
    stream += "commit refs/heads/main\ncommitter Seed <seed@example.com> " +
              std::to_string(1'700'000'000 + commit) + " +0000\ndata 1\nx\n";
    for (int file = 0; file < 8; ++file) {
      std::string content;
      while (content.size() < 4'096) append_le<uint64_t>(content, random());
      stream += "M 100644 inline d" + std::to_string(random() % 20) + "/f" +
                std::to_string(random() % 50) + "\ndata " + std::to_string(content.size()) + "\n" +
                content + "\n";
    }
  }
  return stream;
}

void import_stream(Terminal& terminal, const std::string& stream) {
  terminal.must({"init"});
  std::ofstream(terminal.folder() / "stream", std::ios::binary) << stream;
  terminal.must({"import", "--format", "git", "stream", "--quiet"});
  std::filesystem::remove(terminal.folder() / "stream");
}

TEST(Cloning, OfAHistoryOfGitOverTlsGivesTheSameHeadsAndRoots) {
  Terminal terminal;
  import_stream(terminal, ukstore::tests::stream_of({.seed = 5, .commits = 120}));
  Serving served(terminal, {"--anyone", "read"});
  terminal.must({"clone", served.address(), "copy"});
  EXPECT_GT(heads_of(terminal, ".").size(), 1u);
  expect_equal(terminal, ".", "copy");
}

// What a kill may cost: the window of 1 MiB that is under way, what was taken since the last
// checkpoint of 256 KiB, a piece of 256 KiB, and a handshake.
constexpr uint64_t kAgainBytesMax = (1 << 20) + (512 << 10) + (16 << 10);

TEST(Cloning, KilledAtTwentyPointsItFetchesLittleTwice) {
  const uint64_t seed = 20;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Terminal terminal;
  import_stream(terminal, large_stream(seed, ukstore::tests::count(500, 3'000)));
  Serving served(terminal, {"--anyone", "read"});
  Wire wire(served.port());
  const std::string address =
      "uk://" + served.fingerprint() + "@localhost:" + std::to_string(wire.port());
  terminal.must({"clone", address, "whole"});
  const uint64_t whole = wire.bytes();
  constexpr int kCuts = 20;
  ASSERT_GT(whole, 15'000'000u);
  int kills = 0;
  for (; kills < kCuts; ++kills) {
    std::atomic<Background*> cloning = nullptr;
    wire.stop_after(1'300'000 + random() % 700'000, [&] {
      while (!cloning) std::this_thread::yield();
      cloning.load()->signal(SIGKILL);
    });
    Background clone(terminal, {"clone", address, "copy"});
    cloning = &clone;
    const Outcome outcome = clone.end();
    ASSERT_EQ(outcome.exit, -SIGKILL) << kills << outcome.out << outcome.err;
  }
  const std::string said = terminal.must({"clone", address, "copy"});
  EXPECT_NE(said.find("going on from before"), std::string::npos) << said;
  const uint64_t twice = wire.bytes() - 2 * whole;
  RecordProperty("whole_bytes", std::to_string(whole));
  RecordProperty("again_bytes_for_each_kill", std::to_string(twice / kCuts));
  EXPECT_LE(twice, kCuts * kAgainBytesMax) << "of " << whole << " bytes";
  std::printf("%lu bytes; killed %d times: %lu bytes again for each, %.2f %%\n", whole, kills,
              twice / kCuts,
              100.0 * static_cast<double>(twice) / kCuts / static_cast<double>(whole));
  expect_equal(terminal, ".", "copy");
}

}  // namespace
}  // namespace ukstore::cli::tests
