#pragma once
// The disk as a file: the page cache behind descriptors and maps.

#include <ukstore/libos/core/file.h>
#include <ukstore/libos/core/page_cache.h>
#include <ukstore/libos/core/thread.h>

namespace ukstore::libos {

class DiskFile final : public File, public MappedFile, private CacheHost {
 public:
  // `memory` as PageCache wants it.
  DiskFile(BlockDevice& device, const PageCache::Memory& memory)
      : device_(device), cache_(device, *this, memory) {}

  bool start() { return cache_.start(); }

  int64_t read(uint64_t offset, std::byte* to, uint64_t bytes) override;
  int64_t write(uint64_t offset, const std::byte* from, uint64_t bytes) override;
  int64_t sync() override;
  // To nothing: the disk is fresh again (page_cache.h).  Else its size is what it is: success, if
  // it would hold as much.
  int64_t truncate(uint64_t bytes) override;
  uint64_t size() const override { return cache_.size(); }
  MappedFile* mapped() override { return this; }

  std::expected<uint64_t, Trap> page_frame(uint64_t index) override;
  bool may_write() const override { return false; }
  uint64_t pages_max() const override { return device_.blocks(); }
  void mapping_added() override {}
  void mapping_removed() override {}

  void drop_clean() { cache_.drop_clean(); }
  CacheCounters counters() const { return cache_.counters(); }

 private:
  std::byte* allocate_page() override;
  void unmap(uint64_t block) override { unmap_file_page(*this, block); }
  void pause() override { wait(waiting_, kForever); }
  void resume_all() override { wake_all(waiting_); }

  BlockDevice& device_;
  PageCache cache_;
  WaitQueue waiting_;
};

}  // namespace ukstore::libos
