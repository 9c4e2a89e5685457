#pragma once
// Disks: what the page cache wants of one, and virtio-blk.

#include <array>
#include <cstdint>
#include <span>

#include <ukstore/libos/core/virtio/ring.h>

namespace ukstore::libos {

inline constexpr uint32_t kBlockBytes = 4096;

// Neighbouring blocks on the disk, from `block` on; their contents lie anywhere in memory.
struct BlockRun {
  uint64_t block;
  std::span<std::byte* const> pages;
};

// A disk of whole blocks.  What was written is certain only after a flush that began later.
// Every call waits until the disk has answered.
class BlockDevice {
 public:
  virtual uint64_t blocks() const = 0;
  virtual bool writable() const = 0;
  virtual bool has_flush() const = 0;
  virtual bool read(const BlockRun& run) = 0;
  // All runs, in any order; true if every one was written.
  virtual bool write(std::span<const BlockRun> runs) = 0;
  virtual bool flush() = 0;

 protected:
  ~BlockDevice() = default;
};

struct BlockCounters {
  uint64_t requests, bytes_read, bytes_written, flushes, errors;
};

class VirtioBlock final : public BlockDevice {
 public:
  // False if the device cannot be used.
  bool start(Transport& transport);

  uint64_t blocks() const override { return blocks_; }
  bool writable() const override { return writable_; }
  bool has_flush() const override { return has_flush_; }
  bool read(const BlockRun& run) override;
  bool write(std::span<const BlockRun> runs) override;
  bool flush() override;

  BlockCounters counters() const { return counters_; }
  uint64_t faults() const { return ring_.faults() + faults_; }

 private:
  static constexpr uint16_t kRequestsMax = 32;
  static constexpr uint16_t kSegmentsMax = 64;

  enum Operation : uint32_t { kRead = 0, kWrite = 1, kFlush = 4 };
  // What one call waits for.
  struct Batch {
    uint32_t outstanding = 0;
    bool failed = false;
  };
  struct Request {
    Batch* batch = nullptr;  // null: free
  };

  bool transfer(Operation operation, std::span<const BlockRun> runs);
  // One request of as many blocks as it takes; how many; 0 if the ring or the table is full.
  size_t submit(Operation operation, uint64_t block, std::span<std::byte* const> pages,
                Batch& batch);
  bool wait_for(Batch& batch, uint32_t at_most);
  void reap();

  Transport* transport_ = nullptr;
  Ring ring_;
  uint64_t blocks_ = 0;
  bool writable_ = false, has_flush_ = false;
  uint16_t segments_max_ = kSegmentsMax;
  uint32_t segment_bytes_max_ = UINT32_MAX;
  std::byte* headers_ = nullptr;  // for each request 16 bytes of header and 1 of status, in 32
  std::array<Request, kRequestsMax> requests_ = {};
  BlockCounters counters_ = {};
  uint64_t faults_ = 0;
};

}  // namespace ukstore::libos
