#include <ukstore/store/recent_hashes.h>

#include <bit>

namespace ukstore {

void RecentHashes::add(const SegmentView& segment, uint64_t number) {
  grow(size_ + segment.count());
  for (uint32_t i = 0; i < segment.count(); ++i) {
    uint32_t offset = segment.offset_bytes(i);
    insert({segment.hash_at(offset)->prefix(), Address::in_segment(number, offset).value()});
  }
  size_ += segment.count();
}

void RecentHashes::insert(Slot slot) {
  size_t i = slot.prefix & (slots_.size() - 1);
  while (slots_[i].address != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = slot;
}

void RecentHashes::grow(size_t objects) {
  if (4 * objects <= 3 * slots_.size()) return;
  std::vector<Slot> old = std::move(slots_);
  slots_ = std::vector<Slot>(std::bit_ceil(3 * objects / 2 + 1));
  for (const Slot& slot : old) {
    if (slot.address != 0) insert(slot);
  }
}

}  // namespace ukstore
