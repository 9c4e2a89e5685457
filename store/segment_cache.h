#pragma once
// Where the segments lie in memory, and which of their records were checked in this process.
//
// The path of a load: the slot of the segment, one bit, the record.  No lock, no transaction.  What
// it costs in memory is bounded: 16 bytes a segment (made as touched), and one bit for each 8 bytes
// of the segments that were read until kBitmapBytesMax is used; objects of further segments are
// remembered in a table of fixed size, which forgets.

#include <ukstore/store/backend.h>
#include <ukstore/store/segment.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace ukstore {

class SegmentCache {
 public:
  // Bits for 1 GiB of segments.
  static constexpr size_t kBitmapBytesMax = size_t{16} << 20;

  // `backend` outlives the cache.
  explicit SegmentCache(const Backend& backend, size_t bitmap_bytes_max = kBitmapBytesMax);
  ~SegmentCache();
  SegmentCache(const SegmentCache&) = delete;
  SegmentCache& operator=(const SegmentCache&) = delete;

  // The record at a segment's address if it was checked before; nullptr if not.
  const char* checked(Address address) const {
    const Slot* slot = find_slot(address.segment());
    if (!slot) return nullptr;
    uint64_t place = slot->place.load(std::memory_order_acquire);
    uint32_t offset = address.offset_bytes();
    if (offset >= place_bytes(place)) return nullptr;
    const std::atomic<uint64_t>* bits = slot->bits.load(std::memory_order_acquire);
    bool known = bits ? bits[offset / 512].load(std::memory_order_acquire) >> (offset / 8 % 64) & 1
                      : remembered(address).load(std::memory_order_relaxed) == address.value();
    return known ? place_base(place) + offset : nullptr;
  }

  // Checks the record at `address` (checksum, structure) and remembers that it is good.  nullptr if
  // the store has no such segment; `corrupt` if the segment has no good record there.
  Result<const char*> check(Address address) const;

  // The segment of that number, its header and table checked; nullopt if the store has none.
  Result<std::optional<SegmentView>> open(uint64_t number) const;

 private:
  // `place` is 0, or the base of the segment and, above bit 48, its size in pages of 4 KiB.
  struct Slot {
    std::atomic<uint64_t> place;
    std::atomic<std::atomic<uint64_t>*> bits;
  };
  static constexpr int kChunkBits = 16;
  static constexpr uint64_t kChunks = uint64_t{1} << 16;
  static constexpr size_t kRemembered = size_t{1} << 16;

  static uint32_t place_bytes(uint64_t place) { return static_cast<uint32_t>(place >> 48) * 4096; }
  static const char* place_base(uint64_t place) {
    return reinterpret_cast<const char*>(place & ((uint64_t{1} << 48) - 1));
  }

  const Slot* find_slot(uint64_t segment) const {
    if (segment >> kChunkBits >= kChunks) return nullptr;
    const Slot* chunk = chunks_[segment >> kChunkBits].load(std::memory_order_acquire);
    return chunk ? &chunk[segment & ((1u << kChunkBits) - 1)] : nullptr;
  }
  std::atomic<uint64_t>& remembered(Address address) const {
    return remembered_[address.value() * 0x9e3779b97f4a7c15u >> 48];
  }
  Slot* make_slot(uint64_t segment) const;
  void fill(Slot& slot, const SegmentView& view, const char* base) const;

  // Zeroed memory that costs nothing until it is touched: pages of its own, never the heap's, which
  // would have to be cleared.
  struct Unmap {
    size_t bytes;
    void operator()(void* memory) const;
  };
  template <class T>
  using Pages = std::unique_ptr<T[], Unmap>;
  template <class T>
  static Pages<T> map_pages(size_t count);
  using Bits = std::unique_ptr<std::atomic<uint64_t>[]>;

  const Backend& backend_;
  const size_t bitmap_bytes_max_;
  const Pages<std::atomic<Slot*>> chunks_;
  const Pages<std::atomic<uint64_t>> remembered_;
  mutable std::mutex mutex_;  // guards the making of slots and bitmaps
  mutable size_t bitmap_bytes_ = 0;
  mutable std::vector<Pages<Slot>> slots_;  // the owners of what the atomics point to
  mutable std::vector<Bits> bitmaps_;
};

}  // namespace ukstore
