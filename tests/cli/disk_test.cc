// Disks that refuse, are full or damaged, and a store that another writer holds.
#include <ukstore/tests/cli/terminal.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace ukstore::cli::tests {
namespace {

// Lines for a shell that has mounts of its own.  The reason if there can be none here.
class OwnMounts {
 public:
  explicit OwnMounts(Terminal& terminal) : terminal_(terminal) {
    for (const std::string how : {"unshare -m", "unshare -rm"}) {
      if (terminal_.shell(how + " sh -c 'mkdir -p probe && mount -t tmpfs none probe'").exit != 0) {
        continue;
      }
      how_ = how;
      return;
    }
  }
  bool possible() const { return !how_.empty(); }
  Outcome run(const std::string& script) {
    std::ofstream(terminal_.folder() / "script") << script;
    return terminal_.shell(how_ + " sh script");
  }

 private:
  Terminal& terminal_;
  std::string how_;
};

constexpr const char* kNoMounts = "no mount namespace can be made here";

TEST(Disk, OnAReadOnlyOneReadingWorksAndWritingSaysWhy) {
  Terminal terminal;
  OwnMounts mounts(terminal);
  if (!mounts.possible()) GTEST_SKIP() << kNoMounts;
  const Outcome outcome = mounts.run(
      "mkdir -p disk && mount -t tmpfs none disk && cd disk\n"
      "ukstore init --quiet > ../id && ukstore set a 1 --quiet\n"
      "mount -o remount,ro . && ukstore get a && echo\n"
      "ukstore set a 2; echo exit $?\n"
      "ukstore merge main~0; echo exit $?\n"
      "ukstore get a && echo && ukstore fsck --deep\n");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "1\nexit 14\nexit 14\n1\n2 objects, 1 commits, 1 refs, 1 journal entries: clean\n");
  EXPECT_NE(outcome.err.find("cannot open the store"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("Read-only file system"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: "), std::string::npos) << outcome.err;
}

TEST(Disk, OnAFullOneNothingIsLost) {
  Terminal terminal;
  OwnMounts mounts(terminal);
  if (!mounts.possible()) GTEST_SKIP() << kNoMounts;
  const Outcome outcome = mounts.run(
      "mkdir -p disk && mount -t tmpfs -o size=512k none disk && cd disk\n"
      "ukstore init --quiet > ../id && ukstore set a 1 --quiet\n"
      "head -c 2000000 /dev/zero | tr '\\0' x > ../long\n"
      "ukstore set long - < ../long; echo exit $?\n"
      "ukstore backup copy; echo exit $?; ls copy* 2> ../none\n"
      "ukstore get a && echo && ukstore fsck --deep && ukstore journal | wc -l\n"
      "mount -o remount,size=8m . && ukstore set long - --quiet < ../long\n"
      "ukstore get long | cmp - ../long && ukstore fsck --quiet\n");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "exit 13\nexit 13\n1\n"
            "2 objects, 1 commits, 1 refs, 1 journal entries: clean\n1\n")
      << outcome.err;
  EXPECT_NE(outcome.err.find("hint: make room"), std::string::npos) << outcome.err;
}

TEST(Disk, AStoreOnAReadOnlyOneCanBeCloned) {
  Terminal terminal;
  OwnMounts mounts(terminal);
  if (!mounts.possible()) GTEST_SKIP() << kNoMounts;
  const Outcome outcome = mounts.run(
      "mkdir -p disk && mount -t tmpfs none disk\n"
      "ukstore init disk/work --quiet > id && ukstore -C disk/work set a 1 --quiet\n"
      "mount -o remount,ro disk\n"
      "ukstore clone disk/work copy --quiet && ukstore -C copy get a && echo\n"
      "ukstore -C copy set b 2 --quiet && ukstore -C copy push; echo exit $?\n");
  EXPECT_EQ(outcome.out, "1\nexit 14\n") << outcome.err;
  EXPECT_NE(outcome.err.find("hint: "), std::string::npos) << outcome.err;
}

TEST(Disk, ACloneThatFillsItGoesOnOnceThereIsRoom) {
  Terminal terminal;
  OwnMounts mounts(terminal);
  if (!mounts.possible()) GTEST_SKIP() << kNoMounts;
  terminal.must({"init"});
  for (int commit = 0; commit < 30; ++commit) {
    std::string noise;
    for (int i = 0; i < 12'000; ++i) noise += std::to_string((commit + i) * 7919 % 100'003);
    terminal.must({"set", "noise/" + std::to_string(commit), "-"}, noise);
  }
  const Outcome outcome = mounts.run(
      "mkdir -p disk && mount -t tmpfs -o size=1m none disk\n"
      "ukstore clone . disk/copy --quiet; echo exit $?\n"
      "ukstore -C disk/copy fsck --deep --quiet && ukstore -C disk/copy ls\n"
      "mount -o remount,size=16m disk && ukstore clone . disk/copy | tail -n 1 | cut -c 1-23\n"
      "ukstore ls -r > all && ukstore -C disk/copy ls -r | cmp - all\n"
      "ukstore -C disk/copy fsck --deep --quiet && echo clean\n");
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "exit 13\ncloned into \"disk/copy\"\nclean\n") << outcome.err;
  EXPECT_NE(outcome.err.find("hint: make room"), std::string::npos) << outcome.err;
}

TEST(Disk, AFullStandardOutputIsAnErrorAndABrokenPipeAnExitCode) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "a", std::string(100'000, 'x')});
  const Outcome full = terminal.shell("ukstore get a > /dev/full");
  EXPECT_EQ(full.exit, 13);
  EXPECT_NE(full.err.find("error: cannot write the output"), std::string::npos) << full.err;
  const Outcome broken = terminal.shell(
      "{ ukstore get a; echo exit $? >&2; } | true; { ukstore get a; echo exit $? >&2; } | head -c "
      "1");
  EXPECT_NE(broken.err.find("exit 3\n"), std::string::npos) << broken.err;
  EXPECT_EQ(broken.err.find("error"), std::string::npos) << broken.err;
}

TEST(Disk, DamageIsFoundAndNamed) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "a", std::string(50'000, 'x')});
  // One byte of the long value.
  const auto file = terminal.folder() / ".ukstore/data.mdb";
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  std::string content(std::filesystem::file_size(file), '\0');
  bytes.read(content.data(), static_cast<std::streamsize>(content.size()));
  const size_t at = content.find(std::string(1000, 'x'));
  ASSERT_NE(at, std::string::npos);
  bytes.seekp(static_cast<std::streamoff>(at + 500));
  bytes.put('y');
  bytes.close();
  const Outcome check = terminal.run({"fsck", "--deep"});
  EXPECT_EQ(check.exit, 8) << check.out << check.err;
  EXPECT_FALSE(check.out.empty());
  EXPECT_NE(check.err.find("hint: "), std::string::npos) << check.err;
  const Outcome json = terminal.run({"fsck", "--deep", "--json"});
  EXPECT_EQ(json_lines(json.out).back().at("clean"), false);
}

TEST(Disk, AFileThatIsNoStoreIsSaidToBeDamaged) {
  Terminal terminal;
  std::filesystem::create_directory(terminal.folder() / ".ukstore");
  std::ofstream(terminal.folder() / ".ukstore/data.mdb") << std::string(100'000, 'z');
  const Outcome outcome = terminal.run({"get", "a"});
  EXPECT_EQ(outcome.exit, 8) << outcome.err;
  EXPECT_NE(outcome.err.find(".ukstore"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: "), std::string::npos) << outcome.err;
}

TEST(Locked, AWriterWaitsTenSecondsAndIsToldByWhom) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "a", "1"});
  const auto path = terminal.folder() / ".ukstore/writer.lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  // Reading goes on meanwhile.
  EXPECT_EQ(terminal.must({"get", "a"}), "1");
  const Outcome outcome = terminal.shell("ukstore set a 2 --progress plain");
  EXPECT_EQ(outcome.exit, 11) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("waiting to write; the store was last taken by process"))
      << outcome.err;
  EXPECT_NE(outcome.err.find("cause: the store is being written by process"), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("hint: wait"), std::string::npos) << outcome.err;
  ::close(fd);
  EXPECT_EQ(terminal.must({"get", "a"}), "1");
  terminal.must({"set", "a", "2"});
  terminal.expect_clean();
}

}  // namespace
}  // namespace ukstore::cli::tests
