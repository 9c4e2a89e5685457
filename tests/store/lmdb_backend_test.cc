// What only the backend on LMDB does: files, locks between processes, a map that fills up.

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/records.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <fstream>

#include "processes.h"

namespace ukstore {
namespace {

using namespace std::chrono_literals;
using tests::Child;
using tests::Signal;

class LmdbBackend : public testing::Test {
 protected:
  tests::TemporaryDirectory directory{tests::TemporaryDirectory::Where::in_memory};
  LmdbOptions options{.path = directory.path() / "store",
                      .create = LmdbOptions::Create::yes,
                      .map_bytes = uint64_t{1} << 30,
                      .lock_timeout = 100ms};

  std::unique_ptr<Backend> open() {
    auto backend = open_lmdb_backend(options);
    EXPECT_TRUE(backend) << backend.error().message;
    return std::move(*backend);
  }
  Error refused() {
    auto backend = open_lmdb_backend(options);
    EXPECT_FALSE(backend);
    return backend ? Error{} : backend.error();
  }
  static void put(Backend& backend, BytesView key, BytesView value) {
    auto write = backend.write().value();
    ASSERT_TRUE(write->put(key, value));
    ASSERT_TRUE(write->commit(Durability::durable));
  }
};

TEST_F(LmdbBackend, OpensNothingWhereThereIsNothing) {
  options.create = LmdbOptions::Create::no;
  EXPECT_EQ(refused().kind, Error::Kind::no_store);
  EXPECT_FALSE(std::filesystem::exists(options.path));
}

TEST_F(LmdbBackend, SaysThatAFileIsNoStore) {
  std::filesystem::create_directories(options.path);
  std::ofstream(options.path / "data.mdb") << std::string(20'000, 'x');
  EXPECT_EQ(refused().kind, Error::Kind::corrupt);
}

TEST_F(LmdbBackend, AnLmdbFileOfSomebodyElseIsNotTakenForAStore) {
  {
    auto backend = open();
    auto write = backend->write().value();
    ASSERT_TRUE(write->erase(record_key(kFormatPrefix)));
    ASSERT_TRUE(write->put("something", "else"));
    ASSERT_TRUE(write->commit(Durability::durable));
  }
  options.create = LmdbOptions::Create::no;
  EXPECT_EQ(refused().kind, Error::Kind::no_store);
  options.create = LmdbOptions::Create::yes;
  EXPECT_EQ(refused().kind, Error::Kind::corrupt);
}

TEST_F(LmdbBackend, RefusesALaterFormat) {
  Bytes later = format_record();
  later[8] = 2;
  put(*open(), record_key(kFormatPrefix), later);
  EXPECT_EQ(refused().kind, Error::Kind::unsupported);
}

TEST_F(LmdbBackend, CanBeOneFile) {
  options.layout = LmdbOptions::Layout::single_file;
  put(*open(), "hmain", "x");
  EXPECT_TRUE(std::filesystem::is_regular_file(options.path));
  EXPECT_EQ(**open()->snapshot().value()->get("hmain"), "x");
}

TEST_F(LmdbBackend, IsOpenOnceInAProcess) {
  auto first = open();
  Error error = refused();
  EXPECT_EQ(error.kind, Error::Kind::locked);
  EXPECT_NE(error.message.find("this process"), std::string::npos);
  first.reset();
  open();
}

TEST_F(LmdbBackend, ForReadingWritesNothing) {
  put(*open(), "hmain", "x");
  options.mode = LmdbOptions::Mode::read_only;
  auto backend = open();
  EXPECT_EQ(**backend->snapshot().value()->get("hmain"), "x");
  EXPECT_EQ(backend->write().error().kind, Error::Kind::read_only);
}

TEST_F(LmdbBackend, AFullMapIsToldAndNothingOfThatWriteStays) {
  options.map_bytes = 1 << 20;
  auto backend = open();
  put(*backend, "hmain", "x");
  {
    auto write = backend->write().value();
    ASSERT_TRUE(write->put("hmain", "y"));
    Error::Kind kind = Error::Kind::invalid;
    for (int i = 0; i < 30; ++i) {
      auto room = write->append_segment(100'000);
      if (room) continue;
      kind = room.error().kind;
      break;
    }
    EXPECT_EQ(kind, Error::Kind::full);
  }
  EXPECT_EQ(**backend->snapshot().value()->get("hmain"), "x");
  put(*backend, "hmain", "z");
  EXPECT_EQ(**backend->snapshot().value()->get("hmain"), "z");
}

TEST_F(LmdbBackend, AWriterOfAnotherProcessIsNamedToWhoWaitsInVain) {
  open();
  Signal writing, done;
  Child other([&] {
    auto backend = open_lmdb_backend(options);
    if (!backend) return 1;
    auto write = (*backend)->write();
    writing.give();
    done.await();
    return 0;
  });
  writing.await();
  {
    auto backend = open();
    auto refused = backend->write();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::locked);
    EXPECT_NE(refused.error().message.find("process " + std::to_string(other.id())),
              std::string::npos)
        << refused.error().message;
    EXPECT_NE(refused.error().message.find("since 20"), std::string::npos);
    done.give();
    EXPECT_EQ(other.wait(), 0);
    EXPECT_TRUE(backend->write());
  }
}

TEST_F(LmdbBackend, AWriterThatIsKilledLeavesTheLockAndNothingElse) {
  put(*open(), "hmain", "old");
  Signal writing;
  Child other([&] {
    auto backend = open_lmdb_backend(options);
    if (!backend) return 1;
    auto write = (*backend)->write();
    if (!write || !(*write)->put("hmain", "new") || !(*write)->append_segment(5000)) return 2;
    writing.give();
    for (;;) pause();
  });
  writing.await();
  other.kill();
  other.wait();
  auto backend = open();
  auto write = backend->write();
  ASSERT_TRUE(write) << write.error().message;
  EXPECT_EQ(**(*write)->get("hmain"), "old");
  EXPECT_EQ((*write)->last_segment(), 0u);
}

// What a reader may see of a writer that sets two records and appends a segment in each
// transaction: nullopt if it is one state and not a mix of two.
std::optional<std::string> mixture(const Backend& backend, uint64_t& newest) {
  auto snapshot = backend.snapshot();
  if (!snapshot) return snapshot.error().message;
  auto a = (*snapshot)->get("ha"), b = (*snapshot)->get("tb");
  auto last = (*snapshot)->last_segment();
  if (!a || !b || !last) return "cannot read";
  if (a->has_value() != b->has_value()) return "one record of two";
  const std::string number = *a ? Bytes(**a) : "0";
  if (*a && **a != **b) return "two records differ";
  if (std::to_string(*last) != number) return "records and segments differ";
  if (*last > 0) {
    auto segment = backend.segment(*last);
    if (!segment || !*segment || !(*segment)->starts_with(number)) return "a segment is not there";
  }
  if (*last < newest) return "time runs backward";
  newest = *last;
  return std::nullopt;
}

TEST_F(LmdbBackend, ReadersOfOtherProcessesSeeOneStateAfterAnother) {
  constexpr uint64_t kCommits = 200;
  open();
  auto read_to_the_end = [&] {
    auto backend = open_lmdb_backend(options);
    if (!backend) return 1;
    uint64_t newest = 0;
    while (newest < kCommits) {
      if (mixture(**backend, newest)) return 2;
    }
    return 0;
  };
  Child first(read_to_the_end), second(read_to_the_end), third(read_to_the_end);
  auto backend = open();
  for (uint64_t n = 1; n <= kCommits; ++n) {
    auto write = backend->write().value();
    const std::string number = std::to_string(n);
    ASSERT_TRUE(write->put("ha", number));
    auto room = write->append_segment(10'000).value();
    std::memset(room.bytes.data(), 0, room.bytes.size());
    std::memcpy(room.bytes.data(), number.data(), number.size());
    ASSERT_TRUE(write->put("tb", number));
    ASSERT_TRUE(write->commit(Durability::lazy));
  }
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(third.wait(), 0);
}

TEST_F(LmdbBackend, WritersOfSeveralProcessesLoseNoCommit) {
  constexpr int kEach = 60;
  options.lock_timeout = 60s;
  open();
  auto add = [&] {
    auto backend = open_lmdb_backend(options);
    if (!backend) return 1;
    for (int i = 0; i < kEach; ++i) {
      auto write = (*backend)->write();
      if (!write) return 2;
      auto now = (*write)->get("hcount");
      int count = now && *now ? std::stoi(Bytes(**now)) : 0;
      if (!(*write)->put("hcount", std::to_string(count + 1))) return 3;
      if (!(*write)->commit(Durability::lazy)) return 4;
    }
    return 0;
  };
  Child first(add), second(add), third(add);
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(third.wait(), 0);
  EXPECT_EQ(**open()->snapshot().value()->get("hcount"), std::to_string(3 * kEach));
}

}  // namespace
}  // namespace ukstore
