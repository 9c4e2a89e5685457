#include <ukstore/libos/core/page_cache.h>

#include <algorithm>
#include <cstring>

#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

using State = CacheSlot::State;

bool all_zero(std::span<const std::byte> bytes) {
  for (std::byte byte : bytes) {
    if (byte != std::byte{0}) return false;
  }
  return true;
}

template <typename T>
T field(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// LMDB 0.9's page header is 16 bytes, its flags at 10; the meta data follow: magic at 0, version at
// 4, and the transaction's number at 128.
bool is_first_meta(std::span<const std::byte> page) {
  constexpr size_t kFlagsAt = 10, kMetaAt = 16, kTransactionAt = kMetaAt + 128;
  constexpr uint16_t kMetaFlag = 0x08;
  constexpr uint32_t kMagic = 0xbeefc0de;
  return field<uint16_t>(page, kFlagsAt) & kMetaFlag && field<uint32_t>(page, kMetaAt) == kMagic &&
         field<uint64_t>(page, kTransactionAt) == 0;
}

// Sorts slot numbers by the block they hold.
void sort_by_block(std::span<uint32_t> numbers, std::span<const CacheSlot> slots) {
  auto before = [slots](uint32_t a, uint32_t b) { return slots[a].block < slots[b].block; };
  std::make_heap(numbers.begin(), numbers.end(), before);
  std::sort_heap(numbers.begin(), numbers.end(), before);
}

}  // namespace

bool is_fresh(std::span<const std::byte, kBlockBytes> first,
              std::span<const std::byte, kBlockBytes> second) {
  bool first_zero = all_zero(first), second_zero = all_zero(second);
  return (first_zero || is_first_meta(first)) && (second_zero || is_first_meta(second)) &&
         (first_zero || second_zero);
}

bool PageCache::start() {
  require(memory_.slots.size() >= kSlotsMin, "the page cache has too few slots");
  if (device_.blocks() < 2) return false;
  auto first = get(0, Fill::from_disk);
  if (!first) return false;
  auto second = get(1, Fill::from_disk);
  if (second) {
    fresh_ = is_fresh(std::span<const std::byte, kBlockBytes>((*first)->bytes, kBlockBytes),
                      std::span<const std::byte, kBlockBytes>((*second)->bytes, kBlockBytes));
    unpin(**second);
  }
  unpin(**first);
  return second.has_value();
}

uint32_t PageCache::bucket_of(uint64_t block) const {
  return static_cast<uint32_t>((block * 0x9e3779b97f4a7c15u >> 32) & (memory_.buckets.size() - 1));
}

CacheSlot* PageCache::find(uint64_t block) {
  for (uint32_t at = memory_.buckets[bucket_of(block)]; at; at = memory_.slots[at - 1].chain) {
    if (memory_.slots[at - 1].block == block) return &memory_.slots[at - 1];
  }
  return nullptr;
}

void PageCache::link(CacheSlot& slot) {
  uint32_t& bucket = memory_.buckets[bucket_of(slot.block)];
  slot.chain = bucket;
  bucket = static_cast<uint32_t>(&slot - memory_.slots.data()) + 1;
}

void PageCache::unlink(CacheSlot& slot) {
  auto number = static_cast<uint32_t>(&slot - memory_.slots.data()) + 1;
  uint32_t* at = &memory_.buckets[bucket_of(slot.block)];
  while (*at != number) at = &memory_.slots[*at - 1].chain;
  *at = slot.chain;
  slot.state = State::empty;
}

void PageCache::evict(CacheSlot& slot) {
  host_.unmap(slot.block);
  unlink(slot);
  ++counters_.evictions;
}

// An empty slot, or the clean one that was longest without use, as the clock's hand sees it.
CacheSlot* PageCache::find_victim() {
  for (size_t step = 0; step < 2 * memory_.slots.size(); ++step) {
    CacheSlot& slot = memory_.slots[hand_];
    hand_ = hand_ + 1 == memory_.slots.size() ? 0 : hand_ + 1;
    if (slot.pins || slot.state == State::reading || slot.state == State::dirty) continue;
    if (slot.state == State::empty) return &slot;
    if (!slot.referenced) return &slot;
    slot.referenced = false;
  }
  return nullptr;
}

// Waits, if it must, until a page can leave.
CacheSlot& PageCache::take_slot() {
  for (;;) {
    if (CacheSlot* slot = find_victim()) {
      if (slot->state != State::empty) evict(*slot);
      if (!slot->bytes) slot->bytes = host_.allocate_page();
      return *slot;
    }
    if (dirty_count_ && !writing_ && !failed_) {
      write_back();
    } else if (failed_) {
      panic(Trap::file_error, "the page cache holds nothing but pages that the disk refused");
    } else {
      host_.pause();
    }
  }
}

std::expected<CacheSlot*, CacheError> PageCache::get(uint64_t block, Fill fill) {
  if (block >= device_.blocks()) return std::unexpected(CacheError::past_end);
  for (;;) {
    CacheSlot* slot = find(block);
    if (slot && slot->state == State::reading) {
      host_.pause();
      continue;
    }
    if (slot) {
      ++counters_.hits;
      slot->referenced = true;
      ++slot->pins;
      return slot;
    }
    CacheSlot& taken = take_slot();  // may wait: somebody else may have brought the block meanwhile
    if (find(block)) continue;
    ++counters_.misses;
    taken.block = block;
    taken.referenced = true;
    ++taken.pins;
    link(taken);
    if (fill == Fill::by_caller) {
      taken.state = State::clean;
      return &taken;
    }
    taken.state = State::reading;
    std::byte* page = taken.bytes;
    bool good = device_.read({block, {&page, 1}});
    if (good) {
      taken.state = State::clean;
    } else {
      --taken.pins;
      unlink(taken);
    }
    host_.resume_all();
    if (good) return &taken;
    return std::unexpected(CacheError::io);
  }
}

void PageCache::unpin(CacheSlot& slot) {
  if (--slot.pins == 0) host_.resume_all();
}

std::expected<uint64_t, CacheError> PageCache::read(uint64_t offset, std::span<std::byte> to) {
  uint64_t end = size();
  if (offset >= end) return 0;
  if (to.size() > end - offset) to = to.first(end - offset);
  for (uint64_t done = 0; done < to.size();) {
    uint64_t at = offset + done, inside = at % kBlockBytes;
    uint64_t part = std::min<uint64_t>(kBlockBytes - inside, to.size() - done);
    auto slot = get(at / kBlockBytes, Fill::from_disk);
    if (!slot) return std::unexpected(slot.error());
    std::memcpy(to.data() + done, (*slot)->bytes + inside, part);
    unpin(**slot);
    done += part;
  }
  return to.size();
}

std::expected<uint64_t, CacheError> PageCache::write(uint64_t offset,
                                                     std::span<const std::byte> from) {
  if (!device_.writable()) return std::unexpected(CacheError::read_only);
  uint64_t capacity = device_.blocks() * kBlockBytes;
  if (offset > capacity || from.size() > capacity - offset)
    return std::unexpected(CacheError::no_space);
  for (uint64_t done = 0; done < from.size();) {
    uint64_t at = offset + done, inside = at % kBlockBytes;
    uint64_t part = std::min<uint64_t>(kBlockBytes - inside, from.size() - done);
    auto slot = get(at / kBlockBytes, part == kBlockBytes ? Fill::by_caller : Fill::from_disk);
    if (!slot) return std::unexpected(slot.error());
    std::memcpy((*slot)->bytes + inside, from.data() + done, part);
    if ((*slot)->state != State::dirty) ++dirty_count_;
    (*slot)->state = State::dirty;
    unpin(**slot);
    done += part;
  }
  if (!from.empty()) fresh_ = false;
  return from.size();
}

std::expected<void, CacheError> PageCache::make_fresh() {
  static constexpr std::byte kZero[512] = {};
  for (uint64_t offset = 0; offset < 2 * kBlockBytes; offset += sizeof kZero) {
    auto written = write(offset, kZero);
    if (!written) return std::unexpected(written.error());
  }
  fresh_ = true;
  return {};
}

// Hands every dirty page to the disk, neighbours in one run.  One thread does so at a time: whoever
// comes second waits, as pages on their way are not dirty any more but not yet written either.
bool PageCache::write_back() {
  while (writing_) host_.pause();
  writing_ = true;
  bool good = !failed_;
  while (good && dirty_count_) {
    size_t count = 0;
    for (size_t i = 0; i < memory_.slots.size(); ++i) {
      if (memory_.slots[i].state == State::dirty)
        memory_.sorted[count++] = static_cast<uint32_t>(i);
    }
    std::span<uint32_t> sorted = memory_.sorted.first(count);
    sort_by_block(sorted, memory_.slots);
    constexpr size_t kRuns = 64;
    BlockRun runs[kRuns];
    size_t run_count = 0, used = 0;
    for (; used < count; ++used) {
      CacheSlot& slot = memory_.slots[sorted[used]];
      BlockRun* last = run_count ? &runs[run_count - 1] : nullptr;
      bool joins = last && last->block + last->pages.size() == slot.block;
      if (!joins && run_count == kRuns) break;
      memory_.pages[used] = slot.bytes;
      if (joins) {
        last->pages = {last->pages.data(), last->pages.size() + 1};
      } else {
        runs[run_count++] = {slot.block, {&memory_.pages[used], 1}};
      }
      slot.state = State::clean;
      ++slot.pins;
      --dirty_count_;
    }
    good = device_.write({runs, run_count});
    for (size_t i = 0; i < used; ++i) {
      CacheSlot& slot = memory_.slots[sorted[i]];
      --slot.pins;
      if (good || slot.state == State::dirty) continue;
      slot.state = State::dirty;
      ++dirty_count_;
    }
  }
  if (!good) failed_ = true;
  writing_ = false;
  host_.resume_all();
  return good;
}

bool PageCache::sync() {
  if (failed_ || !write_back()) return false;
  if (device_.has_flush() && !device_.flush()) failed_ = true;
  return !failed_;
}

std::expected<std::byte*, CacheError> PageCache::page(uint64_t block) {
  auto slot = get(block, Fill::from_disk);
  if (!slot) return std::unexpected(slot.error());
  unpin(**slot);
  return (*slot)->bytes;
}

void PageCache::drop_clean() {
  for (CacheSlot& slot : memory_.slots) {
    if (slot.state == State::clean && slot.pins == 0) evict(slot);
  }
}

}  // namespace ukstore::libos
