#pragma once
// The disk as one file of cached pages.
//
// A page of the cache is the frame that reads and writes copy from and to, that shared maps show,
// and that the disk transfers: the three agree by construction.
//
//  1. A page is in at most one slot.
//  2. A dirty page is never evicted before the disk has taken it.
//  3. A pinned page (under transfer, or being copied) is never evicted.
//  4. sync() returns true only if all that was written before it began was taken by the disk and a
//     flush that began later has succeeded.  After any failed write or flush no sync succeeds
//     again.
//
// A fresh disk is one that no database was ever made on; see is_fresh().  Until the first write it
// has size 0, as a file that was just created.

#include <cstdint>
#include <expected>
#include <span>

#include <ukstore/libos/core/virtio/block.h>

namespace ukstore::libos {

struct CacheSlot {
  enum class State : uint8_t { empty, reading, clean, dirty };
  uint64_t block = 0;
  std::byte* bytes = nullptr;  // allocated when the slot is first used
  uint32_t chain = 0;          // the next slot of the bucket, plus one
  uint16_t pins = 0;
  State state = State::empty;
  bool referenced = false;
};

// What the cache asks of the machine it runs on.
class CacheHost {
 public:
  // A page of memory; promised beforehand, so never null.
  virtual std::byte* allocate_page() = 0;
  // The page leaves the cache: no map may show it any more.
  virtual void unmap(uint64_t block) = 0;
  // Waits until another thread may have changed the state of a slot.
  virtual void pause() = 0;
  virtual void resume_all() = 0;

 protected:
  ~CacheHost() = default;
};

struct CacheCounters {
  uint64_t hits, misses, evictions;
};

enum class CacheError : uint8_t { io, past_end, no_space, read_only };

class PageCache {
 public:
  // The spans are zeroed memory that outlives the cache: at least kSlotsMin slots, a power of two
  // of buckets, and as many blocks and pages of scratch as slots.
  struct Memory {
    std::span<CacheSlot> slots;
    std::span<uint32_t> buckets;
    std::span<uint32_t> sorted;
    std::span<std::byte*> pages;
  };
  static constexpr size_t kSlotsMin = 16;

  PageCache(BlockDevice& device, CacheHost& host, const Memory& memory)
      : device_(device), host_(host), memory_(memory) {}

  // Looks whether the disk is fresh.  False if it cannot be read.
  bool start();

  uint64_t size() const { return fresh_ ? 0 : device_.blocks() * kBlockBytes; }

  // Bytes copied: fewer than asked for only at the end.
  std::expected<uint64_t, CacheError> read(uint64_t offset, std::span<std::byte> to);
  // All bytes, or an error: no_space beyond the end of the disk, and nothing is written then.
  std::expected<uint64_t, CacheError> write(uint64_t offset, std::span<const std::byte> from);
  bool sync();

  // Makes the disk fresh again: its first two blocks become zero, the rest keeps what it holds.
  std::expected<void, CacheError> make_fresh();

  // The page's memory, which stays in place until CacheHost::unmap() names the block.
  std::expected<std::byte*, CacheError> page(uint64_t block);

  // Evicts every page that is clean and not in use.
  void drop_clean();

  CacheCounters counters() const { return counters_; }
  bool failed() const { return failed_; }

 private:
  enum class Fill : uint8_t { from_disk, by_caller };

  uint32_t bucket_of(uint64_t block) const;
  CacheSlot* find(uint64_t block);
  void link(CacheSlot& slot);
  void unlink(CacheSlot& slot);
  CacheSlot* find_victim();
  CacheSlot& take_slot();
  void evict(CacheSlot& slot);
  // The slot of the block, pinned.
  std::expected<CacheSlot*, CacheError> get(uint64_t block, Fill fill);
  void unpin(CacheSlot& slot);
  bool write_back();

  BlockDevice& device_;
  CacheHost& host_;
  Memory memory_;
  size_t hand_ = 0;
  size_t dirty_count_ = 0;
  bool fresh_ = false, failed_ = false, writing_ = false;
  CacheCounters counters_ = {};
};

// True if no database was ever completed on a disk whose first two blocks these are: each is all
// zero or LMDB's meta page of transaction 0, and not both are meta pages.  A crash while LMDB makes
// its first two pages leaves such a disk, and LMDB would refuse it for ever.
bool is_fresh(std::span<const std::byte, kBlockBytes> first,
              std::span<const std::byte, kBlockBytes> second);

}  // namespace ukstore::libos
