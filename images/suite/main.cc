// suite disk=PATH [GOOGLETEST-FLAG...]: the store's tests that run on every backend.  LMDB's stores
// lie on the disk.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>

int main(int argc, char** argv) {
  constexpr std::string_view kDisk = "disk=";
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2 || !std::string_view(argv[1]).starts_with(kDisk)) return 2;
  setenv("UKSTORE_TEST_DISK", argv[1] + kDisk.size(), 1);
  return RUN_ALL_TESTS();
}
