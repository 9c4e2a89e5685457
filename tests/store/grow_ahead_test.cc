// The data file grows ahead of small commits, in steps that stay small beside it.

#include <ukstore/store/grow_ahead.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace ukstore {
namespace {

// A file to which commits of so many bytes are written.
class File {
 public:
  File() : fd_(open((directory_.path() / "data").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  ~File() { close(fd_); }

  int fd() const { return fd_; }
  uint64_t bytes() const {
    struct stat about{};
    fstat(fd_, &about);
    return static_cast<uint64_t>(about.st_size);
  }
  uint64_t used() const { return used_; }
  void commit(size_t bytes, GrowAhead& ahead) {
    const std::string data(bytes, 'x');
    ASSERT_EQ(pwrite(fd_, data.data(), bytes, static_cast<off_t>(used_)),
              static_cast<ssize_t>(bytes));
    used_ += bytes;
    ahead.committed(used_);
  }
  std::string behind() const {
    std::string zeros(bytes() - used_, '?');
    EXPECT_EQ(pread(fd_, zeros.data(), zeros.size(), static_cast<off_t>(used_)),
              static_cast<ssize_t>(zeros.size()));
    return zeros;
  }

 private:
  tests::TemporaryDirectory directory_{tests::TemporaryDirectory::Where::in_memory};
  int fd_;
  uint64_t used_ = 0;
};

TEST(GrowAhead, SmallCommitsFindWrittenZerosBehindTheEnd) {
  File file;
  GrowAhead ahead(file.fd());
  file.commit(8 << 20, ahead);
  size_t grown = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t before = file.bytes();
    file.commit(8192, ahead);
    grown += file.bytes() != before;
    ASSERT_LE(file.bytes(), file.used() + file.used() / GrowAhead::kShare + (128 << 10));
    if (i < GrowAhead::kCommitsMin) continue;
    const std::string behind = file.behind();
    ASSERT_GE(behind.size(), 8192u) << "commit " << i << " found no room";
    ASSERT_EQ(behind.find_first_not_of('\0'), std::string::npos);
  }
  EXPECT_LE(grown, 20u) << "steps, not every commit";
}

TEST(GrowAhead, AStoreOpenedForAFewCommitsIsLeftAsSmallAsItIs) {
  File file;
  for (int opened = 0; opened < 10; ++opened) {
    GrowAhead ahead(file.fd());
    for (int i = 0; i < GrowAhead::kCommitsMin; ++i) file.commit(8192, ahead);
  }
  EXPECT_EQ(file.bytes(), file.used());
}

TEST(GrowAhead, LargeCommitsGrowTheFileThemselves) {
  File file;
  GrowAhead ahead(file.fd());
  for (int i = 0; i < 20; ++i) file.commit(1 << 20, ahead);
  EXPECT_EQ(file.bytes(), file.used());
}

TEST(GrowAhead, AFullDiskIsNoFailureAndIsNotTriedAgain) {
  File file;
  GrowAhead ahead(file.fd());
  file.commit(1 << 20, ahead);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{(1 << 20) + 100'000, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  for (int i = 0; i < 20; ++i) file.commit(4096, ahead);
  EXPECT_LE(file.bytes(), tight.rlim_cur);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, ignored);
  for (int i = 0; i < 20; ++i) file.commit(4096, ahead);
  EXPECT_EQ(file.bytes(), file.used()) << "there is room again, but it gave up";
}

}  // namespace
}  // namespace ukstore
