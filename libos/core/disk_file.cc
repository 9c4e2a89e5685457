#include <ukstore/libos/core/disk_file.h>

#include <asm/errno.h>

#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

int64_t errno_of(CacheError error) {
  switch (error) {
    case CacheError::io:
      return -EIO;
    case CacheError::past_end:
      return -EINVAL;
    case CacheError::no_space:
      return -ENOSPC;
    case CacheError::read_only:
      return -EROFS;
  }
  return -EIO;
}

}  // namespace

int64_t DiskFile::read(uint64_t offset, std::byte* to, uint64_t bytes) {
  auto done = cache_.read(offset, {to, bytes});
  return done ? static_cast<int64_t>(*done) : errno_of(done.error());
}

int64_t DiskFile::write(uint64_t offset, const std::byte* from, uint64_t bytes) {
  auto done = cache_.write(offset, {from, bytes});
  return done ? static_cast<int64_t>(*done) : errno_of(done.error());
}

int64_t DiskFile::sync() { return cache_.sync() ? 0 : -EIO; }

int64_t DiskFile::truncate(uint64_t bytes) {
  if (bytes == 0) {
    auto done = cache_.make_fresh();
    return done ? 0 : errno_of(done.error());
  }
  return bytes <= device_.blocks() * kBlockBytes ? 0 : -ENOSPC;
}

std::expected<uint64_t, Trap> DiskFile::page_frame(uint64_t index) {
  auto page = cache_.page(index);
  if (page) return physical_of_direct(*page);
  return std::unexpected(page.error() == CacheError::past_end ? Trap::past_end_of_file
                                                              : Trap::file_error);
}

std::byte* DiskFile::allocate_page() {
  uint64_t frame = allocate_frame(FrameKind::data);
  require(frame != 0, "no frame for a page of the cache");
  return direct(frame);
}

}  // namespace ukstore::libos
