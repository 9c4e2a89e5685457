#include <ukstore/libos/core/memory_file.h>

#include <asm/errno.h>

#include <cstring>

#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

// A committed, zeroed frame; 0 if there is no memory.
uint64_t take_frame() {
  if (!commit(1)) return 0;
  uint64_t frame = allocate_frame(FrameKind::data);
  require(frame != 0, "no frame for committed memory");
  return frame;
}

void return_frame(uint64_t frame) {
  free_frame(frame);
  uncommit(1);
}

}  // namespace

uint64_t* MemoryFile::slot(uint64_t index) const {
  if (!root_) return nullptr;
  uint64_t leaf = direct<uint64_t>(root_)[index / kLeafPages];
  return leaf ? &direct<uint64_t>(leaf)[index % kLeafPages] : nullptr;
}

bool MemoryFile::grow(uint64_t pages) {
  if (pages > kPagesMax) return false;
  if (!root_ && !(root_ = take_frame())) return false;
  for (; pages_ < pages; ++pages_) {
    uint64_t& leaf = direct<uint64_t>(root_)[pages_ / kLeafPages];
    if (!leaf && !(leaf = take_frame())) return false;
    uint64_t& frame = direct<uint64_t>(leaf)[pages_ % kLeafPages];
    if (!frame && !(frame = take_frame())) return false;
  }
  return true;
}

void MemoryFile::shrink(uint64_t pages) {
  while (pages_ > pages) {
    --pages_;
    unmap_file_page(*this, pages_);
    uint64_t* frame = slot(pages_);
    return_frame(*frame);
    *frame = 0;
  }
}

int64_t MemoryFile::read(uint64_t offset, std::byte* to, uint64_t bytes) {
  if (offset >= size_) return 0;
  if (bytes > size_ - offset) bytes = size_ - offset;
  for (uint64_t done = 0; done < bytes;) {
    uint64_t at = offset + done, inside = at % kPageBytes;
    uint64_t part = kPageBytes - inside < bytes - done ? kPageBytes - inside : bytes - done;
    std::memcpy(to + done, direct(*slot(at / kPageBytes)) + inside, part);
    done += part;
  }
  return static_cast<int64_t>(bytes);
}

int64_t MemoryFile::write(uint64_t offset, const std::byte* from, uint64_t bytes) {
  if (bytes == 0) return 0;
  if (offset + bytes < offset || !grow(page_ceil(offset + bytes) / kPageBytes)) return -ENOSPC;
  for (uint64_t done = 0; done < bytes;) {
    uint64_t at = offset + done, inside = at % kPageBytes;
    uint64_t part = kPageBytes - inside < bytes - done ? kPageBytes - inside : bytes - done;
    std::memcpy(direct(*slot(at / kPageBytes)) + inside, from + done, part);
    done += part;
  }
  if (offset + bytes > size_) size_ = offset + bytes;
  return static_cast<int64_t>(bytes);
}

int64_t MemoryFile::truncate(uint64_t bytes) {
  uint64_t pages = page_ceil(bytes) / kPageBytes;
  if (!grow(pages)) return -ENOSPC;
  shrink(pages);
  if (bytes < size_ && bytes % kPageBytes) {
    uint64_t inside = bytes % kPageBytes;
    std::memset(direct(*slot(bytes / kPageBytes)) + inside, 0, kPageBytes - inside);
  }
  size_ = bytes;
  return 0;
}

std::expected<uint64_t, Trap> MemoryFile::page_frame(uint64_t index) {
  if (index >= pages_) return std::unexpected(Trap::past_end_of_file);
  return *slot(index);
}

}  // namespace ukstore::libos
