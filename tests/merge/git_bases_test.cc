// Merge bases are git's (property 29), on seeded histories with criss-cross and octopus merges.
#include <ukstore/tests/merge/git_bases.h>

#include <ukstore/tests/counts.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ukstore::tests {
namespace {

// Makes a history by `git commit-tree`, one commit after another, in one shell.
std::string history_script(const std::string& git_directory, uint64_t seed, size_t commits) {
  std::mt19937_64 random(seed);
  std::string script = "set -e; export GIT_DIR='" + git_directory +
                       "' GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=A "
                       "GIT_COMMITTER_EMAIL=a@example.com GIT_CONFIG_NOSYSTEM=1; "
                       "git init -q --bare \"$GIT_DIR\"; tree=$(git mktree </dev/null); ";
  size_t width = 4;  // the newest commits, which merges take up
  std::string before;
  for (size_t i = 0; i < commits; ++i) {
    std::string parents;
    // The same parents once more make a criss-cross.
    bool again = !before.empty() && random() % 3 == 0;
    if (again) {
      parents = before;
    } else if (i > 0) {
      size_t newest = std::min(i, width), wanted = 1;
      if (random() % 3 != 0) wanted = 2;   // criss-cross comes of itself among so few
      if (random() % 12 == 0) wanted = 3;  // octopus
      if (random() % 25 == 0) wanted = 0;  // a new root
      std::vector<size_t> choice;
      for (size_t back = 1; back <= newest; ++back) choice.push_back(i - back);
      std::ranges::shuffle(choice, random);
      for (size_t p = 0; p < std::min(wanted, choice.size()); ++p) {
        parents += " -p $c" + std::to_string(choice[p]);
      }
    }
    before = parents;
    // Dates say nothing: many are equal, some go back.
    std::string date = std::to_string(1'000'000'000 + random() % 50) + " +0000";
    std::string n = std::to_string(i);
    script += "c" + n + "=$(GIT_AUTHOR_DATE='" + date + "' GIT_COMMITTER_DATE='" + date +
              "' git commit-tree -m " + n + parents + " $tree); git update-ref refs/heads/b" + n +
              " $c" + n + "; ";
  }
  return script;
}

TEST(GitBases, AreOurs) {
  if (!output_of("git --version 2>/dev/null")) GTEST_SKIP() << "git is not installed";
  size_t several = 0;
  for (int seed = 1; seed <= count(2, 20); ++seed) {
    TemporaryDirectory directory;
    std::string git_directory = (directory.path() / "git").string();
    auto made =
        output_of("sh -c \"$(cat <<'END'\n" +
                  history_script(git_directory, static_cast<uint64_t>(seed), 60) + "\nEND\n)\"");
    ASSERT_TRUE(made);
    auto compared = compare_bases(git_directory, 60, static_cast<uint64_t>(seed));
    ASSERT_TRUE(compared) << compared.error().message;
    EXPECT_EQ(compared->commits, 60u);
    EXPECT_EQ(compared->differences, std::vector<std::string>{}) << "seed " << seed;
    several += compared->with_several_bases;
  }
  EXPECT_GT(several, 4u);
}

}  // namespace
}  // namespace ukstore::tests
