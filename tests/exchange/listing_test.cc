// Commits that list all their files (`deleteall`, then every file): what they hold follows from the
// lines alone, whatever the listing before them said, and git agrees.
#include "git/process.h"
#include "git/seeded_history.h"

#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/exchange/git/descriptor_stream.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ukstore::tests {
namespace {

// The ids that the import gives the commits of a stream, in order.
std::vector<std::string> ids_by_us(BytesView stream) {
  auto store = *Store::open(make_memory_backend());
  BytesSink map;
  ViewSource source(stream);
  auto imported = import_git(*store, source, {.map = &map});
  EXPECT_TRUE(imported) << imported.error().message;
  std::vector<std::string> ids;
  for (const std::string& line : lines_of(map.bytes())) ids.push_back(line.substr(0, 40));
  return ids;
}

// The same from git itself, of a stream whose commits follow each other on one branch.
std::vector<std::string> ids_by_git(BytesView stream) {
  TemporaryDirectory scratch(TemporaryDirectory::Where::in_memory);
  git_output(scratch.path(), {"init", "-q", "--bare"});
  Process import(git_command(scratch.path(), {"fast-import", "--quiet"}), Process::Pipe::input);
  EXPECT_TRUE(DescriptorSink(import.descriptor()).write(stream));
  EXPECT_EQ(import.finish(), 0);
  return lines_of(git_output(scratch.path(), {"rev-list", "--reverse", "refs/heads/main"}));
}

std::string blob(int mark, const std::string& content) {
  return "blob\nmark :" + std::to_string(mark) + "\ndata " + std::to_string(content.size()) + "\n" +
         content + "\n";
}
std::string commit(const std::string& changes) {
  return "commit refs/heads/main\ncommitter A <a@x> 1 +0000\ndata 1\nm\n" + changes + "\n";
}
std::string list(const std::string& lines) { return commit("deleteall\n" + lines); }

void expect_as_git(const std::string& stream) {
  auto git = ids_by_git(stream);
  EXPECT_FALSE(git.empty());
  EXPECT_EQ(ids_by_us(stream), git) << stream;
}

const std::string kBlobs = blob(1, "one") + blob(2, "two") + blob(3, "three");

TEST(Listing, HoldsWhatItListsAndNothingElse) {
  const std::string a = "M 100644 :1 a\n", b = "M 100644 :2 b\n", c = "M 100644 :3 c/d\n";
  expect_as_git(kBlobs + list(a + b + c) + list(a + b + c) + list(b + c) + list(a + c) + list(a) +
                list("") + list(a + b + c) + list(a + "M 100755 :2 b\n" + c) +
                list(a + "M 100644 :3 b\n" + c) + list("M 100644 :1 0\n" + a + b + c) +
                list(a + b + c + "M 100644 :1 z\n"));
}

TEST(Listing, FilesBecomeDirectoriesAndBack) {
  const std::string file = "M 100644 :1 a\n", below = "M 100644 :2 a/b\nM 100644 :3 a/c\n",
                    beside = "M 100644 :1 a.c\n";
  expect_as_git(kBlobs + list(beside + file) + list(beside + below) + list(beside + file) +
                list(below) + list("M 100644 :3 a/b/c\n") + list(below) + list(file));
}

TEST(Listing, OfTwoPathsOfWhichOneIsAboveTheOtherTheLaterStays) {
  const std::string upper = "M 100644 :1 a\n", lower = "M 100644 :2 a/b\n";
  expect_as_git(kBlobs + list(lower + upper) + list(lower) + list(lower + upper) + list(upper) +
                list(upper + lower) + list(lower) + list(lower + upper + lower));
}

TEST(Listing, QuotedPathsAndLinks) {
  const std::string quoted = "M 100644 :1 \"a\\\"b\"\n", octal = "M 120000 :2 \"\\303\\251/x y\"\n",
                    link = "M 160000 0123456789012345678901234567890123456789 sub\n";
  expect_as_git(kBlobs + list(quoted + link + octal) + list(quoted + octal) +
                list(quoted + link + octal) + list(link) + list("M 100644 :3 \"a\\\"b\"\n" + link));
}

TEST(Listing, AMarkThatMeansSomethingElseNowIsReadAnew) {
  const std::string lines = "M 100644 :1 a\nM 100644 :2 b\n";
  expect_as_git(kBlobs + list(lines) + blob(1, "another") + list(lines) + blob(2, "yet another") +
                list(lines));
}

TEST(Listing, MayHoldOtherChangesToo) {
  const std::string lines = "M 100644 :1 a\nM 100644 :2 b\nM 100644 :3 c/d\n";
  expect_as_git(kBlobs + list(lines) + list(lines + "D b\n") + list(lines) +
                list(lines + "R a e\n") + list(lines) + list(lines + "C c f\n") +
                list("M 100644 inline a\ndata 3\nnew\n" + lines) + list(lines) +
                list(lines + "deleteall\nM 100644 :3 only\n") + commit("M 100644 :2 added\n") +
                list(lines) + commit("D a\n") + list(lines) +
                list("M 100644 :1 a\nM 100644 :1 a\nM 100644 :2 a\n"));
}

// The lines of every listing in an order of chance: nothing but the order may say what they mean.
TEST(Listing, InAnyOrderIsTheSame) {
  std::mt19937_64 random(1);
  for (int seed = 1; seed <= count(3, 100); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string stream = stream_of({.seed = static_cast<uint64_t>(seed), .commits = 30});
    std::string shuffled;
    std::vector<std::string> listing;
    for (size_t start = 0; start < stream.size();) {
      const size_t end = stream.find('\n', start) + 1;
      const std::string line = stream.substr(start, end - start);
      start = end;
      if (line.starts_with("M ") || line == "deleteall\n") {
        if (line == "deleteall\n") {
          shuffled += line;
        } else {
          listing.push_back(line);
        }
        continue;
      }
      if (random() % 2 == 0) std::ranges::shuffle(listing, random);
      for (const std::string& one : listing) shuffled += one;
      listing.clear();
      shuffled += line;
    }
    EXPECT_EQ(ids_by_us(shuffled), ids_by_us(stream));
  }
}

}  // namespace
}  // namespace ukstore::tests
