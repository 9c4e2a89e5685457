#include <ukstore/store/segment_cache.h>

#include <ukstore/store/validate.h>

#include <sys/mman.h>

#include <cassert>
#include <new>

namespace ukstore {

template <class T>
SegmentCache::Pages<T> SegmentCache::map_pages(size_t count) {
  const size_t bytes = count * sizeof(T);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return Pages<T>(static_cast<T*>(memory), Unmap{bytes});
}

void SegmentCache::Unmap::operator()(void* memory) const { munmap(memory, bytes); }

SegmentCache::SegmentCache(const Backend& backend, size_t bitmap_bytes_max)
    : backend_(backend),
      bitmap_bytes_max_(bitmap_bytes_max),
      chunks_(map_pages<std::atomic<Slot*>>(kChunks)),
      remembered_(map_pages<std::atomic<uint64_t>>(kRemembered)) {}

SegmentCache::~SegmentCache() = default;

SegmentCache::Slot* SegmentCache::make_slot(uint64_t segment) const {
  if (segment >> kChunkBits >= kChunks) return nullptr;
  std::atomic<Slot*>& chunk = chunks_[segment >> kChunkBits];
  Slot* slots = chunk.load(std::memory_order_acquire);
  if (!slots) {
    std::lock_guard lock(mutex_);
    slots = chunk.load(std::memory_order_relaxed);
    if (!slots) {
      slots = slots_.emplace_back(map_pages<Slot>(size_t{1} << kChunkBits)).get();
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
    Bits& bits = bitmaps_.emplace_back(std::make_unique<std::atomic<uint64_t>[]>(words));
    slot.bits.store(bits.get(), std::memory_order_release);
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
