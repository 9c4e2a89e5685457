// LMDB shares memory and locks between processes, which no network file system does: refused.

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/vfs.h>

#include <atomic>

namespace {

// What statfs says instead of the truth; 0: the truth.
std::atomic<uint32_t> pretended = 0;

}  // namespace

extern "C" int statfs(const char* path, struct statfs* about) noexcept {
  static auto* const call =
      reinterpret_cast<int (*)(const char*, struct statfs*)>(dlsym(RTLD_NEXT, "statfs"));
  const int result = call(path, about);
  if (pretended != 0) about->f_type = static_cast<decltype(about->f_type)>(pretended.load());
  return result;
}

namespace ukstore {
namespace {

TEST(NetworkFileSystem, IsRefusedForANewStoreAndForOneThatIsThere) {
  tests::TemporaryDirectory directory(tests::TemporaryDirectory::Where::in_memory);
  LmdbOptions options{.path = directory.path() / "store",
                      .create = LmdbOptions::Create::yes,
                      .map_bytes = uint64_t{1} << 30};
  for (const char* when : {"new", "there"}) {
    // NFS, SMB, CIFS, SMB2, Ceph, AFS, Coda, 9p.
    for (uint32_t kind : {0x6969u, 0x517bu, 0xff534d42u, 0xfe534d42u, 0x00c36400u, 0x5346414fu,
                          0x73757245u, 0x01021997u}) {
      pretended = kind;
      auto refused = open_lmdb_backend(options);
      pretended = 0;
      ASSERT_FALSE(refused) << when << ' ' << kind;
      EXPECT_EQ(refused.error().kind, Error::Kind::unsupported);
      EXPECT_NE(refused.error().message.find("network file system"), std::string::npos);
      EXPECT_EQ(std::filesystem::exists(options.path / "data.mdb"), when[0] == 't');
    }
    ASSERT_TRUE(open_lmdb_backend(options));
  }
}

}  // namespace
}  // namespace ukstore
