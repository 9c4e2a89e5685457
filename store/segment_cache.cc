#include <ukstore/store/segment_cache.h>

#include <ukstore/store/validate.h>

#include <cassert>
#include <new>

namespace ukstore {

template <class T>
SegmentCache::Zeroed<T> SegmentCache::zeroed(size_t count) {
  void* memory = std::calloc(count, sizeof(T));
  if (!memory) throw std::bad_alloc();
  return Zeroed<T>(static_cast<T*>(memory));
}

SegmentCache::SegmentCache(const Backend& backend, size_t bitmap_bytes_max)
    : backend_(backend),
      bitmap_bytes_max_(bitmap_bytes_max),
      chunks_(zeroed<std::atomic<Slot*>>(kChunks)),
      remembered_(zeroed<std::atomic<uint64_t>>(kRemembered)) {}

SegmentCache::~SegmentCache() {
  for (uint64_t c = 0; c < kChunks; ++c) {
    Slot* chunk = chunks_[c].load(std::memory_order_relaxed);
    // Chunks are made in order of use: most are absent, and so are most slots of those present.
    if (!chunk) continue;
    for (uint64_t i = 0; i < uint64_t{1} << kChunkBits; ++i) {
      std::free(chunk[i].bits.load(std::memory_order_relaxed));
    }
    std::free(chunk);
  }
}

SegmentCache::Slot* SegmentCache::make_slot(uint64_t segment) const {
  if (segment >> kChunkBits >= kChunks) return nullptr;
  std::atomic<Slot*>& chunk = chunks_[segment >> kChunkBits];
  Slot* slots = chunk.load(std::memory_order_acquire);
  if (!slots) {
    std::lock_guard lock(mutex_);
    slots = chunk.load(std::memory_order_relaxed);
    if (!slots) {
      slots = zeroed<Slot>(size_t{1} << kChunkBits).release();
      chunk.store(slots, std::memory_order_release);
    }
  }
  return &slots[segment & ((1u << kChunkBits) - 1)];
}

void SegmentCache::fill(Slot& slot, const SegmentView& view, const char* base) const {
  std::lock_guard lock(mutex_);
  if (slot.place.load(std::memory_order_relaxed) != 0) return;
  uint64_t pages = (view.size_bytes() + 4095) / 4096;
  size_t words = pages * 4096 / 512;
  if (bitmap_bytes_ + 8 * words <= bitmap_bytes_max_) {
    slot.bits.store(zeroed<std::atomic<uint64_t>>(words).release(), std::memory_order_release);
    bitmap_bytes_ += 8 * words;
  }
  uint64_t address = reinterpret_cast<uintptr_t>(base);
  assert(address >> 48 == 0);
  slot.place.store(pages << 48 | address, std::memory_order_release);
}

Result<std::optional<SegmentView>> SegmentCache::open(uint64_t number) const {
  Slot* slot = make_slot(number);
  if (slot) {
    uint64_t place = slot->place.load(std::memory_order_acquire);
    if (place != 0) {
      return SegmentView::reopen(number, {place_base(place), place_bytes(place)});
    }
  }
  auto bytes = backend_.segment(number);
  if (!bytes) return pass_on(bytes);
  if (!*bytes) return std::nullopt;
  auto view = SegmentView::open(number, **bytes);
  if (!view) return pass_on(view);
  if (slot) fill(*slot, *view, (*bytes)->data());
  return *view;
}

Result<const char*> SegmentCache::check(Address address) const {
  auto view = open(address.segment());
  if (!view) return pass_on(view);
  if (!*view) return nullptr;
  uint32_t offset = address.offset_bytes();
  auto object = (*view)->record(offset);
  if (!object) return pass_on(object);
  auto valid = validate(object->kind, object->bytes, object->side_count);
  if (!valid)
    return pass_on(valid,
                   "object at " + std::to_string(address.segment()) + ":" + std::to_string(offset));
  const char* record = object->bytes.data() - kRecordHeadBytes;
  if (Slot* slot = make_slot(address.segment())) {
    if (std::atomic<uint64_t>* bits = slot->bits.load(std::memory_order_acquire)) {
      bits[offset / 512].fetch_or(uint64_t{1} << (offset / 8 % 64), std::memory_order_release);
    } else {
      remembered(address).store(address.value(), std::memory_order_relaxed);
    }
  }
  return record;
}

}  // namespace ukstore
