#include <ukstore/libos/core/virtio/block.h>

#include <cstring>

#include <ukstore/libos/core/virtio/dma.h>

namespace ukstore::libos {
namespace {

enum Feature : uint64_t {
  kSizeMax = 1u << 1,
  kSegMax = 1u << 2,
  kReadOnly = 1u << 5,
  kFlushes = 1u << 9
};
enum ConfigOffset : uint32_t { kCapacity = 0, kSizeMaxAt = 8, kSegMaxAt = 12 };

constexpr uint64_t kSectorsPerBlock = kBlockBytes / 512;
constexpr uint64_t kBlocksMax = uint64_t{1} << 40;
constexpr size_t kSlotBytes = 32, kStatusAt = 16;
constexpr std::byte kUnanswered{0xff};

}  // namespace

bool VirtioBlock::start(Transport& transport) {
  uint64_t agreed = negotiate(transport, kSizeMax | kSegMax | kReadOnly | kFlushes);
  headers_ = dma_page();
  if (!agreed || !headers_ || !ring_.start(transport, 0, Ring::kSizeMax)) return false;
  transport_ = &transport;
  writable_ = !(agreed & kReadOnly);
  has_flush_ = agreed & kFlushes;
  blocks_ = read_config(transport, kCapacity, 8) / kSectorsPerBlock;
  if (blocks_ > kBlocksMax) blocks_ = kBlocksMax;
  if (agreed & kSegMax) {
    uint64_t max = read_config(transport, kSegMaxAt, 4);
    if (max >= 1 && max < segments_max_) segments_max_ = static_cast<uint16_t>(max);
  }
  if (agreed & kSizeMax) {
    uint64_t max = read_config(transport, kSizeMaxAt, 4);
    if (max < kBlockBytes) return false;
    segment_bytes_max_ = static_cast<uint32_t>(max);
  }
  // A chain needs two descriptors beside its data.
  if (ring_.size() < 4) return false;
  if (segments_max_ > ring_.size() - 2) segments_max_ = static_cast<uint16_t>(ring_.size() - 2);
  driver_ok(transport);
  return true;
}

size_t VirtioBlock::submit(Operation operation, uint64_t block, std::span<std::byte* const> pages,
                           Batch& batch) {
  uint16_t slot = 0;
  while (slot < kRequestsMax && requests_[slot].batch) ++slot;
  if (slot == kRequestsMax) return 0;
  Segment chain[kSegmentsMax + 2];
  size_t count = 1, taken = 0;
  bool device_writes = operation == kRead;
  for (std::byte* page : pages) {
    uint64_t address = dma_address(page);
    Segment& last = chain[count - 1];
    if (count > 1 && last.address + last.bytes == address &&
        last.bytes + kBlockBytes <= segment_bytes_max_) {
      last.bytes += kBlockBytes;
    } else if (count - 1 < segments_max_) {
      chain[count++] = {address, kBlockBytes, device_writes};
    } else {
      break;
    }
    ++taken;
  }
  std::byte* header = headers_ + slot * kSlotBytes;
  const struct {
    uint32_t operation, reserved;
    uint64_t sector;
  } fields = {operation, 0, operation == kFlush ? 0 : block * kSectorsPerBlock};
  std::memcpy(header, &fields, sizeof fields);
  header[kStatusAt] = kUnanswered;
  chain[0] = {dma_address(header), sizeof fields, false};
  chain[count++] = {dma_address(header + kStatusAt), 1, true};
  if (!ring_.add({chain, count}, slot)) return 0;
  requests_[slot].batch = &batch;
  ++batch.outstanding;
  ++counters_.requests;
  return operation == kFlush ? 1 : taken;
}

void VirtioBlock::reap() {
  bool any = false;
  while (auto done = ring_.take()) {
    Batch* batch = done->token < kRequestsMax ? requests_[done->token].batch : nullptr;
    if (!batch) {
      ++faults_;
      continue;
    }
    // The status byte is the device's; it is read once.
    auto* header = static_cast<volatile std::byte*>(headers_ + done->token * kSlotBytes);
    if (header[kStatusAt] != std::byte{0}) {
      batch->failed = true;
      ++counters_.errors;
    }
    --batch->outstanding;
    requests_[done->token].batch = nullptr;
    any = true;
  }
  if (any) transport_->resume_all();
}

// Waits until no more than `at_most` requests of the batch are under way; false if the device
// broke.
bool VirtioBlock::wait_for(Batch& batch, uint32_t at_most) {
  reap();
  while (batch.outstanding > at_most) {
    if (ring_.broken()) return false;
    transport_->pause();
    reap();
  }
  return true;
}

bool VirtioBlock::transfer(Operation operation, std::span<const BlockRun> runs) {
  Batch batch;
  for (const BlockRun& run : runs) {
    if (run.block > blocks_ || run.pages.size() > blocks_ - run.block) return false;
    for (size_t done = 0; done < run.pages.size();) {
      size_t taken = submit(operation, run.block + done, run.pages.subspan(done), batch);
      done += taken;
      if (taken) continue;
      // Full: by our own requests, or by those of other threads.
      ring_.notify();
      if (ring_.broken()) break;
      if (batch.outstanding) {
        wait_for(batch, batch.outstanding - 1);
      } else {
        transport_->pause();
        reap();
      }
    }
  }
  ring_.notify();
  bool answered = wait_for(batch, 0);
  if (!answered) {
    // The device broke.  Nothing of it is listened to any more, so the batch is not touched again.
    for (Request& request : requests_) {
      if (request.batch == &batch) request.batch = nullptr;
    }
  }
  return answered && !batch.failed && !ring_.broken();
}

bool VirtioBlock::read(const BlockRun& run) {
  counters_.bytes_read += run.pages.size() * kBlockBytes;
  return transfer(kRead, {&run, 1});
}

bool VirtioBlock::write(std::span<const BlockRun> runs) {
  for (const BlockRun& run : runs) counters_.bytes_written += run.pages.size() * kBlockBytes;
  return transfer(kWrite, runs);
}

bool VirtioBlock::flush() {
  Batch batch;
  ++counters_.flushes;
  while (!submit(kFlush, 0, {}, batch)) {
    if (ring_.broken()) return false;
    ring_.notify();
    transport_->pause();
    reap();
  }
  ring_.notify();
  if (wait_for(batch, 0)) return !batch.failed;
  for (Request& request : requests_) {
    if (request.batch == &batch) request.batch = nullptr;
  }
  return false;
}

}  // namespace ukstore::libos
