// A damaged store is mended from a clone or a backup: every value and every head comes back.
#include <ukstore/tests/cli/terminal.h>
#include <ukstore/tests/counts.h>

#include <gtest/gtest.h>

#include <fstream>
#include <random>

namespace ukstore::cli::tests {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

class Mending : public testing::Test {
 protected:
  // A history of many small commits and some long values, with a branch, a tag and an undone step.
  Mending() {
    terminal_.must({"init"});
    std::mt19937_64 random(5);
    for (int i = 0; i < 12; ++i) {
      std::string value = "value " + std::to_string(i) + " ";
      while (value.size() < 3000) value += std::to_string(random()) + " ";
      terminal_.must({"set", "long/" + std::to_string(i), value});
      terminal_.must({"op", "counter", "hits", "add", "1"});
    }
    terminal_.must({"set", "rope", "-"}, std::string(200'000, 'r'));
    terminal_.must({"tag", "create", "v1"});
    terminal_.must({"branch", "create", "draft"});
    terminal_.must({"set", "b", "2", "--branch", "draft"});
    terminal_.must({"set", "undone", "gone"});
    terminal_.must({"undo"});
    backup_ = (terminal_.folder() / "all.ukstore").string();
    terminal_.must({"backup", backup_});
    fs::create_directory(terminal_.folder() / "clone");
    fs::copy(terminal_.folder() / ".ukstore", terminal_.folder() / "clone/.ukstore",
             fs::copy_options::recursive);
    whole_ = read(data());
    exported_ = all();
  }

  fs::path data() const { return terminal_.folder() / ".ukstore/data.mdb"; }
  std::string all() {
    return terminal_.must({"export", "--format", "json"}) +
           terminal_.must({"export", "--format", "json", "--branch", "draft"}) +
           terminal_.must({"export", "--format", "json", "--at", "v1"}) +
           terminal_.must({"log", "--json"});
  }
  // Where the bytes of a value or of a segment's start stand in the file.
  std::vector<size_t> places_of(const std::string& what) const {
    std::vector<size_t> places;
    for (size_t at = whole_.find(what); at != std::string::npos; at = whole_.find(what, at + 1)) {
      places.push_back(at);
    }
    return places;
  }
  void damage(const std::vector<size_t>& places) {
    std::string bytes = whole_;
    for (size_t at : places) bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    write(data(), bytes);
  }
  void expect_mended(const std::string& from) {
    EXPECT_EQ(terminal_.run({"fsck", "--deep"}).exit, 8);
    const Outcome mended = terminal_.run({"fsck", "--repair-from", from});
    EXPECT_EQ(mended.exit, 0) << mended.out << mended.err;
    EXPECT_EQ(terminal_.run({"fsck", "--deep"}).exit, 0);
    EXPECT_EQ(all(), exported_);
    terminal_.must({"set", "after", "1"});
    terminal_.must({"undo"});
    EXPECT_EQ(terminal_.run({"fsck", "--deep"}).exit, 0);
  }

  Terminal terminal_;
  std::string backup_;
  std::string whole_;
  std::string exported_;
};

TEST_F(Mending, ALostValueComesFromABackup) {
  const auto places = places_of("value 3 ");
  ASSERT_FALSE(places.empty());
  damage({places.front() + 100});
  EXPECT_EQ(terminal_.run({"get", "long/3"}).exit, 8);
  expect_mended(backup_);
}

TEST_F(Mending, LostHeadersOfSegmentsComeFromAClone) {
  const auto segments = places_of("uksg");
  ASSERT_GT(segments.size(), 10u);
  damage({segments[2] + 8, segments[5], segments.back() + 13});
  expect_mended((terminal_.folder() / "clone").string());
}

TEST_F(Mending, BytesLostAnywhereInSegmentsComeBack) {
  const auto segments = places_of("uksg");
  std::mt19937_64 random(9);
  for (int round = 0; round < ukstore::tests::count(8, 200); ++round) {
    SCOPED_TRACE(round);
    std::vector<size_t> places;
    for (size_t i = 0; i < 1 + random() % 20; ++i) {
      // Small segments are at least 2 KiB with what pads them; most hold a commit and a few nodes.
      places.push_back(segments[random() % segments.size()] + random() % 600);
    }
    damage(places);
    if (terminal_.run({"fsck", "--deep"}).exit == 0) continue;  // only what pads
    expect_mended(round % 2 == 0 ? backup_ : (terminal_.folder() / "clone").string());
  }
}

TEST_F(Mending, WhatTheHelperHasNotIsNamedAndTheRestComesBack) {
  const std::string early = (terminal_.folder() / "early.ukstore").string();
  terminal_.must({"bundle", "create", early, "v1"});
  terminal_.must({"set", "late", "late value " + std::string(3000, 'l')});
  whole_ = read(data());
  damage({places_of("value 3 ").front() + 100, places_of("late value ").front() + 100});
  const Outcome mended = terminal_.run({"fsck", "--repair-from", early});
  EXPECT_EQ(mended.exit, 8) << mended.out;
  EXPECT_NE(mended.out.find("1 objects fetched"), std::string::npos) << mended.out;
  EXPECT_NE(mended.out.find("it lacks object "), std::string::npos) << mended.out;
  EXPECT_TRUE(terminal_.must({"get", "long/3"}).starts_with("value 3 "));
  // With --repair the branch then goes back to what is whole; what named the lost object stays, out
  // of reach, and is still reported.
  EXPECT_EQ(terminal_.run({"fsck", "--repair"}).exit, 8);
  EXPECT_EQ(all(), exported_);
}

TEST_F(Mending, AHelperIsNotBelieved) {
  // The clone is damaged at the same place: it has nothing to give.
  damage({places_of("value 3 ").front() + 100});
  fs::copy_file(data(), terminal_.folder() / "clone/.ukstore/data.mdb",
                fs::copy_options::overwrite_existing);
  const Outcome mended =
      terminal_.run({"fsck", "--repair-from", (terminal_.folder() / "clone").string()});
  EXPECT_EQ(mended.exit, 8) << mended.out;
  EXPECT_NE(mended.out.find("it lacks object "), std::string::npos) << mended.out;
  EXPECT_EQ(terminal_.run({"fsck", "--repair-from", backup_}).exit, 0);
  EXPECT_EQ(all(), exported_);
}

TEST_F(Mending, AWholeStoreIsLeftAlone) {
  EXPECT_EQ(terminal_.run({"fsck", "--repair-from", backup_}).exit, 0);
  EXPECT_EQ(read(data()), whole_);
}

TEST_F(Mending, MistakesInNamingTheHelper) {
  damage({places_of("value 3 ").front() + 100});
  const std::string damaged = read(data());
  const Outcome nowhere = terminal_.run({"fsck", "--repair-from", "nowhere"});
  EXPECT_EQ(nowhere.exit, 5);
  EXPECT_NE(nowhere.err.find("\"nowhere\""), std::string::npos) << nowhere.err;
  const Outcome itself = terminal_.run({"fsck", "--repair-from", "."});
  EXPECT_EQ(itself.exit, 1) << itself.err;
  EXPECT_NE(itself.err.find("the store itself"), std::string::npos) << itself.err;
  write(terminal_.folder() / "noise", "this is no backup");
  EXPECT_EQ(terminal_.run({"fsck", "--repair-from", "noise"}).exit, 8);
  EXPECT_EQ(read(data()), damaged);
}

}  // namespace
}  // namespace ukstore::cli::tests
