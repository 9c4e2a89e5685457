// Many threads load and look up objects while one writes: meant for TSan.

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/object_store.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace ukstore {
namespace {

enum class Medium { memory, lmdb };
class ObjectStoreThreads : public testing::TestWithParam<Medium> {};

constexpr uint64_t kObjects = 1500;  // one a segment: enough for runs of the index
Bytes content(uint64_t number) { return "object " + std::to_string(number); }

TEST_P(ObjectStoreThreads, LoadWhatIsThereWhileMoreIsWritten) {
  tests::TemporaryDirectory directory(tests::TemporaryDirectory::Where::in_memory);
  auto backend = make_memory_backend();
  if (GetParam() == Medium::lmdb) {
    backend =
        open_lmdb_backend({.path = directory.path() / "s", .create = LmdbOptions::Create::yes})
            .value();
  }
  ObjectStore store(*backend);
  std::vector<uint64_t> addresses(kObjects);
  std::atomic<uint64_t> written = 0;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kObjects; ++i) {
      Arena arena;
      Address root = arena.add(ObjectKind::blob, content(i), {}).address;
      auto write = backend->write().value();
      EXPECT_TRUE(store.persist(*write, {&root, 1}));
      EXPECT_TRUE(store.index(*write));
      EXPECT_TRUE(write->commit(Durability::lazy));
      addresses[i] = root.staged()->written().value();
      written.store(i + 1, std::memory_order_release);
    }
  });
  std::vector<std::thread> readers;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    readers.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (uint64_t n = 0; n < kObjects;) {
        n = written.load(std::memory_order_acquire);
        if (n == 0) continue;
        uint64_t i = random() % n;
        Hash hash = hash_object(ObjectKind::blob, content(i));
        Address hint = random() % 8 == 0 ? Address{} : Address::from_value(addresses[i]);
        auto object = store.load(hash, hint);
        ASSERT_TRUE(object) << object.error().message;
        EXPECT_EQ(object->bytes, content(i));
      }
    });
  }
  writer.join();
  for (auto& reader : readers) reader.join();
}

INSTANTIATE_TEST_SUITE_P(Each, ObjectStoreThreads, testing::Values(Medium::memory, Medium::lmdb),
                         [](const auto& info) {
                           return info.param == Medium::memory ? "memory" : "lmdb";
                         });

}  // namespace
}  // namespace ukstore
