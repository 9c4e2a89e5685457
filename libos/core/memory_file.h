#pragma once
// A file in memory: LMDB's lock file, temporary files.  Its frames are committed when it grows.

#include <ukstore/libos/core/file.h>

namespace ukstore::libos {

class MemoryFile final : public File, public MappedFile {
 public:
  int64_t read(uint64_t offset, std::byte* to, uint64_t bytes) override;
  int64_t write(uint64_t offset, const std::byte* from, uint64_t bytes) override;
  int64_t sync() override { return 0; }
  int64_t truncate(uint64_t bytes) override;
  uint64_t size() const override { return size_; }
  MappedFile* mapped() override { return this; }

  std::expected<uint64_t, Trap> page_frame(uint64_t index) override;
  bool may_write() const override { return true; }
  uint64_t pages_max() const override { return page_ceil(size_) / kPageBytes; }
  void mapping_added() override { ++mappings_; }
  void mapping_removed() override { --mappings_; }
  bool is_mapped() const { return mappings_ != 0; }

 private:
  static constexpr uint64_t kLeafPages = 512;
  static constexpr uint64_t kPagesMax = kLeafPages * kLeafPages;  // 1 GiB

  uint64_t* slot(uint64_t index) const;
  bool grow(uint64_t pages);
  void shrink(uint64_t pages);

  uint64_t size_ = 0, pages_ = 0, mappings_ = 0;
  uint64_t root_ = 0;  // a frame of frame addresses of leaves
};

}  // namespace ukstore::libos
