// A power cut while a store is being made leaves none, or a whole one: nothing in between that
// would have to be called corrupt.

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/records.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <fstream>

#include "power_cuts.h"
#include "workload.h"

namespace ukstore::tests {
namespace {

class Creation : public testing::Test {
 protected:
  TemporaryDirectory directory{TemporaryDirectory::Where::in_memory};
  const LmdbOptions options{.path = directory.path() / "store",
                            .create = LmdbOptions::Create::yes,
                            .map_bytes = uint64_t{1} << 30};

  Recording record_creation() {
    IoTap& tap = IoTap::of_this_process();
    tap.start_recording();
    auto backend = open_lmdb_backend(options);
    Recording recording{.ops = tap.stop_recording()};
    EXPECT_TRUE(backend);
    return recording;
  }
  // The store as a power cut left it, with a file of that name.
  void place(const char* name, const Bytes& file) {
    std::filesystem::remove_all(options.path);
    std::filesystem::create_directories(options.path);
    std::ofstream(options.path / name, std::ios::binary) << file;
  }
};

TEST_F(Creation, CutAnywhereIsBegunAnew) {
  const Recording recording = record_creation();
  ASSERT_GE(recording.ops.size(), 3u);
  size_t images = 0;
  for_each_power_cut(
      recording, static_cast<size_t>(count(300, 10'000)), 11, [&](const CrashImage& image) {
        ++images;
        place("new-data.mdb", image.file);
        LmdbOptions there = options;
        there.create = LmdbOptions::Create::no;
        ASSERT_EQ(open_lmdb_backend(there).error().kind, Error::Kind::no_store)
            << image.description;
        for (const char* value : {"first", "second"}) {
          auto backend = open_lmdb_backend(options);
          ASSERT_TRUE(backend) << image.description << ": " << backend.error().message;
          auto write = (*backend)->write().value();
          ASSERT_TRUE(write->put("hmain", value));
          ASSERT_TRUE(write->commit(Durability::durable));
        }
        ASSERT_FALSE(std::filesystem::exists(options.path / "new-data.mdb"));
      });
  EXPECT_GE(images, 300u);
}

TEST_F(Creation, IsOnTheDiskBeforeItsName) {
  const Recording recording = record_creation();
  // What a power cut leaves for certain when the file is renamed.
  Bytes least;
  size_t flushed = 0;
  for (size_t i = 0; i < recording.ops.size(); ++i) {
    if (recording.ops[i].kind == IoOp::Kind::flush) flushed = i;
  }
  for (size_t i = 0; i < recording.ops.size(); ++i) {
    const IoOp& op = recording.ops[i];
    if (i > flushed && op.kind == IoOp::Kind::write) continue;
    least.resize(std::max(least.size(), op.offset + op.data.size()));
    std::copy(op.data.begin(), op.data.end(), least.begin() + static_cast<ptrdiff_t>(op.offset));
  }
  place("data.mdb", least);
  LmdbOptions there = options;
  there.create = LmdbOptions::Create::no;
  EXPECT_TRUE(open_lmdb_backend(there));
}

// The test of the test: under its own name from the start, some images are no store.
TEST_F(Creation, InPlaceWouldLeaveFilesThatAreNoStores) {
  const Recording recording = record_creation();
  size_t refused = 0;
  for_each_power_cut(recording, 100, 12, [&](const CrashImage& image) {
    if (image.file.empty()) return;
    place("data.mdb", image.file);
    refused += !open_lmdb_backend(options);
  });
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace ukstore::tests
