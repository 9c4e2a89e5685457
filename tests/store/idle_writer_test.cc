// Lazy transactions keep writers of other processes out, but only for a while.

#include <ukstore/store/idle_flush.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/store.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <future>

#include "processes.h"
#include "stores.h"

namespace ukstore::tests {
namespace {

using namespace std::chrono_literals;

Result<Receipt> put(Store& store, BytesView key, BytesView value) {
  return store.transact(
      [&](Transaction& transaction) { return transaction.put_record(key, value); });
}

TEST(IdleWriter, GivesTheRightToWriteToAnotherProcess) {
  TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
  const LmdbOptions options{.path = directory.path() / "store",
                            .create = LmdbOptions::Create::yes,
                            .map_bytes = uint64_t{1} << 30,
                            .lock_timeout = 60s};
  Signal waits;
  Child other([&] {
    waits.await();
    auto store = Store::open(open_lmdb_backend(options).value()).value();
    if (!put(*store, "second", "durable")) return 1;
    return store->record("first").value() == "lazy" ? 0 : 2;
  });
  auto store = must(Store::open(must(open_lmdb_backend(options)),
                                {.durability = Durability::lazy, .lazy_time_max = 20ms}));
  must(put(*store, "first", "lazy"));
  waits.give();
  EXPECT_EQ(other.wait(), 0);
  EXPECT_EQ(must(store->record("second")), "durable");
  must(put(*store, "third", "lazy"));
  must(store->close());
}

TEST(IdleWriter, IsFlushedOnceForAllThatWaited) {
  std::atomic<int> flushes = 0;
  std::promise<void> flushed;
  {
    IdleFlush idle(20ms, [&] {
      if (++flushes == 1) flushed.set_value();
    });
    for (int i = 0; i < 100; ++i) idle.expect();
    flushed.get_future().wait();
  }
  EXPECT_LE(flushes, 2);
}

TEST(IdleWriter, IsNotFlushedOnceItStopped) {
  std::atomic<int> flushes = 0;
  IdleFlush idle(1h, [&] { ++flushes; });
  idle.expect();
  idle.stop();
  idle.expect();
  EXPECT_EQ(flushes, 0);
}

}  // namespace
}  // namespace ukstore::tests
