// Two builds of an image in two folders give equal bytes: one by the compiler alone, one through a
// compiler cache that passes it other paths.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include <ukstore/tests/counts.h>

#include "machine.h"
#include "sources.h"

namespace boot_test {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Outcome build(const std::string& folder, const std::string& environment,
              const std::string& targets) {
  std::string command = "cd " + folder + " && export " + environment +
                        " && cmake --preset release -DUKSTORE_TESTS=OFF -DUKSTORE_BENCH=OFF && "
                        "cmake --build --preset release -j2 --target " +
                        targets;
  return run({"bash", "-c", command}, ukstore::tests::count(550, 3000));
}

TEST(Reproducible, TwoBuildsInTwoFoldersGiveEqualBytes) {
  const bool all = ukstore::tests::count(0, 1);
  Folder folder;
  const std::string one = folder.path("one"), other = folder.path("another/folder");
  for (const std::string& place : {one, other}) copy_sources(place);
  const std::string targets = all ? "image_commits image_suite image_web" : "image_commits";
  Outcome plain = build(one, "CCACHE_DISABLE=1", targets);
  ASSERT_EQ(plain.code, 0) << plain.out << plain.errors;
  Outcome cached = build(other,
                         "CCACHE_DIR=" + folder.path("cache") +
                             " CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=" + folder.path(""),
                         targets);
  ASSERT_EQ(cached.code, 0) << cached.out << cached.errors;
  for (std::string name : {"commits", "suite", "web"}) {
    if (!all && name != "commits") continue;
    for (std::string end : {".elf", ".debug"}) {
      std::string file = "/build/release/images/" + name + end;
      std::string image = bytes_of(one + file);
      EXPECT_FALSE(image.empty());
      EXPECT_TRUE(image == bytes_of(other + file)) << file << " differs";
    }
  }
}

}  // namespace
}  // namespace boot_test
