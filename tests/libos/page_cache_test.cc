// The page cache over virtio-blk over a fake device.

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include <ukstore/libos/core/page_cache.h>

#include "fake_disk.h"
#include "host_machine.h"

namespace libos_test {
namespace {

using namespace ukstore::libos;

// The host's side of the cache; it notes what was unmapped.
class Host final : public CacheHost {
 public:
  std::multiset<uint64_t> unmapped;
  std::byte* allocate_page() override {
    pages_.push_back(std::make_unique<Page>());
    return pages_.back()->bytes;
  }
  void unmap(uint64_t block) override { unmapped.insert(block); }
  void pause() override { throw std::runtime_error("nobody else is there to wait for"); }
  void resume_all() override {}

 private:
  struct alignas(4096) Page {
    std::byte bytes[4096] = {};
  };
  std::vector<std::unique_ptr<Page>> pages_;
};

// Everything between a file's bytes and the device.
struct Stack {
  Stack(FakeDisk& disk, size_t slot_count)
      : slots(slot_count), buckets(64), sorted(slot_count), pages(slot_count) {
    EXPECT_TRUE(block.start(disk.transport));
    cache =
        std::make_unique<PageCache>(block, host, PageCache::Memory{slots, buckets, sorted, pages});
    EXPECT_TRUE(cache->start());
  }
  std::vector<CacheSlot> slots;
  std::vector<uint32_t> buckets, sorted;
  std::vector<std::byte*> pages;
  VirtioBlock block;
  Host host;
  std::unique_ptr<PageCache> cache;

  auto write(uint64_t offset, const std::string& text) {
    return cache->write(offset, std::as_bytes(std::span(text)));
  }
  std::string read(uint64_t offset, size_t bytes) {
    std::string text(bytes, '?');
    auto done = cache->read(offset, std::as_writable_bytes(std::span(text)));
    text.resize(done ? *done : 0);
    return text;
  }
};

class PageCacheTest : public testing::Test {
 protected:
  void TearDown() override { free_dma_pages(); }
};

TEST_F(PageCacheTest, AFreshDiskIsEmptyUntilTheFirstWrite) {
  FakeDisk disk(64);
  Stack s(disk, 32);
  EXPECT_EQ(s.cache->size(), 0u);
  EXPECT_EQ(s.read(0, 100), "");
  ASSERT_TRUE(s.write(0, "x"));
  EXPECT_EQ(s.cache->size(), 64u * 4096);
  EXPECT_EQ(s.read(0, 2), std::string("x\0", 2));
}

std::string meta_page(uint64_t transaction) {
  std::string page(4096, 0);
  const uint16_t flags = 8;
  const uint32_t magic = 0xbeefc0de;
  std::memcpy(page.data() + 10, &flags, 2);
  std::memcpy(page.data() + 16, &magic, 4);
  std::memcpy(page.data() + 144, &transaction, 8);
  return page;
}

bool fresh(const std::string& first, const std::string& second) {
  auto bytes = [](const std::string& page) {
    return std::span<const std::byte, 4096>(reinterpret_cast<const std::byte*>(page.data()), 4096);
  };
  return is_fresh(bytes(first), bytes(second));
}

TEST_F(PageCacheTest, ACrashWhileLmdbMakesItsFirstPagesLeavesAFreshDisk) {
  const std::string zero(4096, 0);
  EXPECT_TRUE(fresh(zero, zero));
  EXPECT_TRUE(fresh(meta_page(0), zero));
  EXPECT_TRUE(fresh(zero, meta_page(0)));
  EXPECT_FALSE(fresh(meta_page(0), meta_page(0)));
  EXPECT_FALSE(fresh(meta_page(2), zero));
  EXPECT_FALSE(fresh(std::string(4096, 'x'), zero));
  EXPECT_FALSE(fresh(zero, std::string(4096, 'x')));
}

TEST_F(PageCacheTest, ADiskThatWasEmptiedIsFreshNowAndAfterTheSync) {
  FakeDisk disk(64);
  Stack s(disk, 32);
  ASSERT_TRUE(s.write(0, meta_page(6) + meta_page(7) + "data"));
  ASSERT_TRUE(s.cache->sync());
  std::byte* mapped = *s.cache->page(1);
  ASSERT_TRUE(s.cache->make_fresh());
  EXPECT_EQ(s.cache->size(), 0u);
  EXPECT_EQ(s.read(0, 100), "");
  EXPECT_EQ(mapped[16], std::byte{0});
  ASSERT_TRUE(s.cache->sync());
  EXPECT_EQ(disk.after_power_cut().substr(0, 8192), std::string(8192, 0));
  Stack again(disk, 32);
  EXPECT_EQ(again.cache->size(), 0u);
  ASSERT_TRUE(again.write(4096, "x"));
  EXPECT_EQ(again.cache->size(), 64u * 4096);
}

TEST_F(PageCacheTest, AWriteBeyondTheEndIsRefusedWhole) {
  FakeDisk disk(64);
  Stack s(disk, 32);
  auto result = s.write(64 * 4096 - 3, "four");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), CacheError::no_space);
  EXPECT_EQ(s.cache->size(), 0u);
  EXPECT_TRUE(s.write(64 * 4096 - 4, "four"));
  EXPECT_FALSE(s.cache->page(64));
}

TEST_F(PageCacheTest, NeighboursAreOneRequestAndOneFlushFollows) {
  FakeDisk disk(64);
  Stack s(disk, 64);
  s.write(4096 * 10, std::string(4096 * 20, 'a'));
  disk.requests = 0;
  ASSERT_TRUE(s.cache->sync());
  EXPECT_EQ(disk.requests, 2u);  // twenty pages in one, and the flush
  EXPECT_EQ(disk.contents().substr(4096 * 10, 4096 * 20), std::string(4096 * 20, 'a'));
  EXPECT_EQ(disk.after_power_cut(), disk.contents());
}

TEST_F(PageCacheTest, APageThatIsMappedShowsEveryWrite) {
  FakeDisk disk(64);
  Stack s(disk, 16);
  s.write(4096 * 5, "before");
  std::byte* page = *s.cache->page(5);
  s.write(4096 * 5, "behind");
  EXPECT_EQ(std::memcmp(page, "behind", 6), 0);
}

TEST_F(PageCacheTest, APageIsUnmappedBeforeItLeaves) {
  FakeDisk disk(64);
  Stack s(disk, 16);
  (void)s.cache->page(5);
  for (uint64_t block = 6; block < 40; ++block) (void)s.cache->page(block);
  EXPECT_EQ(s.host.unmapped.count(5), 1u);
}

TEST_F(PageCacheTest, AFailedWriteIsRememberedForEver) {
  FakeDisk disk(64);
  Stack s(disk, 32);
  s.write(0, "data");
  disk.fail_writes = true;
  EXPECT_FALSE(s.cache->sync());
  disk.fail_writes = false;
  EXPECT_FALSE(s.cache->sync());
}

TEST_F(PageCacheTest, AFailedFlushIsRememberedForEver) {
  FakeDisk disk(64);
  Stack s(disk, 32);
  s.write(0, "data");
  disk.fail_flushes = true;
  EXPECT_FALSE(s.cache->sync());
  disk.fail_flushes = false;
  EXPECT_FALSE(s.cache->sync());
}

TEST_F(PageCacheTest, AFailedReadIsAnErrorAndNotRemembered) {
  FakeDisk disk(64);
  Stack s(disk, 32);
  s.write(0, "x");
  disk.fail_reads = true;
  EXPECT_FALSE(s.cache->page(9));
  disk.fail_reads = false;
  EXPECT_TRUE(s.cache->page(9));
}

// Random reads, writes, syncs and power cuts with a cache of an eighth of the disk.
TEST_F(PageCacheTest, AgreesWithAnArrayOfBytesAndLosesNothingThatWasSynced) {
  constexpr size_t kBlocks = 128, kBytes = kBlocks * 4096;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    FakeDisk disk(kBlocks, seed);
    std::mt19937_64 random(seed);
    std::string model(kBytes, 0), synced = model;
    std::set<size_t> changed;  // sectors, since the last sync
    auto s = std::make_unique<Stack>(disk, 16);
    s->write(0, "s");
    model[0] = 's';
    changed.insert(0);
    for (int step = 0; step < 600; ++step) {
      size_t offset = random() % kBytes, bytes = 1 + random() % (random() % 4 ? 600 : 20000);
      bytes = std::min(bytes, kBytes - offset);
      switch (random() % 8) {
        case 0:
          ASSERT_TRUE(s->cache->sync());
          synced = model;
          changed.clear();
          break;
        case 1:
        case 2:
        case 3:
          ASSERT_EQ(s->read(offset, bytes), model.substr(offset, bytes)) << seed << " " << step;
          break;
        case 4:
          if (random() % 10) break;
          // After a cut every sector is as synced, or as some later write left it.
          model = disk.after_power_cut();
          for (size_t sector = 0; sector < kBytes / 512; ++sector) {
            if (changed.count(sector)) continue;
            ASSERT_EQ(model.compare(sector * 512, 512, synced, sector * 512, 512), 0) << seed;
          }
          disk.set_contents(model);
          synced = model;
          changed.clear();
          s = std::make_unique<Stack>(disk, 16);
          if (s->cache->size() == 0) {
            s->write(0, "s");
            model[0] = 's';
            changed.insert(0);
          }
          break;
        default: {
          std::string text(bytes, static_cast<char>('a' + random() % 26));
          ASSERT_TRUE(s->write(offset, text));
          model.replace(offset, bytes, text);
          for (size_t at = offset / 512; at <= (offset + bytes - 1) / 512; ++at) changed.insert(at);
        }
      }
    }
  }
}

}  // namespace
}  // namespace libos_test
