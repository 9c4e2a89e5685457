#include <ukstore/libos/net/buf/byte_queue.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace ukstore::net {
namespace {

// Small writes share a chunk; large ones get chunks as large as a segment can be.
constexpr uint32_t kChunkMin = 2 * 1024 - sizeof(Chunk);
constexpr uint32_t kChunkMax = 64 * 1024 - sizeof(Chunk);

}  // namespace

size_t ByteQueue::held_bytes() const {
  size_t held = 0;
  const Chunk* last = nullptr;
  for (size_t i = head_; i < slices_.size(); ++i) {
    if (slices_[i].chunk().get() != last) held += slices_[i].held_bytes();
    last = slices_[i].chunk().get();
  }
  return held;
}

void ByteQueue::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (spare_ == 0) {
      auto wanted = static_cast<uint32_t>(std::min<size_t>(bytes.size(), kChunkMax));
      ChunkRef chunk = make_chunk(std::max(wanted, kChunkMin));
      uint32_t capacity = chunk->capacity;
      push(Buf(std::move(chunk), 0, 0));
      spare_ = capacity;
    }
    Buf& last = slices_.back();
    auto count = static_cast<uint32_t>(std::min<size_t>(bytes.size(), spare_));
    std::memcpy(last.chunk()->data + last.offset() + last.size(), bytes.data(), count);
    last.extend(count);
    spare_ -= count;
    size_ += count;
    bytes = bytes.subspan(count);
  }
}

void ByteQueue::append(Buf buf) {
  if (buf.empty()) return;
  if (buf.held_bytes() > 2 * buf.size()) return append(buf.bytes());
  append_uncopied(std::move(buf));
}

void ByteQueue::append_uncopied(Buf buf) {
  if (buf.empty()) return;
  spare_ = 0;
  size_ += buf.size();
  push(std::move(buf));
}

void ByteQueue::append_all(ByteQueue&& other) {
  for (size_t i = other.head_; i < other.slices_.size(); ++i) {
    append_uncopied(std::move(other.slices_[i]));
  }
  other.clear();
}

void ByteQueue::push(Buf buf) {
  if (head_ > 16 && head_ * 2 > slices_.size()) {
    slices_.erase(slices_.begin(), slices_.begin() + head_);
    head_ = 0;
  }
  slices_.push_back(std::move(buf));
}

void ByteQueue::drop_front(size_t bytes) {
  assert(bytes <= size_);
  if (bytes == size_) return clear();
  size_ -= bytes;
  while (bytes > 0) {
    Buf& first = slices_[head_];
    if (bytes < first.size()) {
      first.drop_front(static_cast<uint32_t>(bytes));
      return;
    }
    bytes -= first.size();
    first = Buf();
    ++head_;
  }
}

void ByteQueue::clear() {
  // An idle connection keeps no memory; clear() and `= {}` would keep the capacity.
  slices_ = std::vector<Buf>();
  head_ = 0;
  size_ = 0;
  spare_ = 0;
}

size_t ByteQueue::read(std::span<std::byte> out) {
  size_t count = std::min(out.size(), size_);
  copy_to(0, out.first(count));
  drop_front(count);
  return count;
}

std::span<const std::byte> ByteQueue::front() const {
  return empty() ? std::span<const std::byte>() : slices_[head_].bytes();
}

size_t ByteQueue::gather(size_t offset, size_t length,
                         std::span<std::span<const std::byte>> pieces) const {
  assert(offset + length <= size_);
  size_t count = 0;
  for (size_t i = head_; length > 0; ++i) {
    std::span<const std::byte> bytes = slices_[i].bytes();
    if (offset >= bytes.size()) {
      offset -= bytes.size();
      continue;
    }
    if (count == pieces.size()) return 0;
    bytes = bytes.subspan(offset, std::min(length, bytes.size() - offset));
    pieces[count++] = bytes;
    length -= bytes.size();
    offset = 0;
  }
  return count;
}

void ByteQueue::copy_to(size_t offset, std::span<std::byte> out) const {
  assert(offset + out.size() <= size_);
  for (size_t i = head_; !out.empty(); ++i) {
    std::span<const std::byte> bytes = slices_[i].bytes();
    if (offset >= bytes.size()) {
      offset -= bytes.size();
      continue;
    }
    bytes = bytes.subspan(offset, std::min(out.size(), bytes.size() - offset));
    std::memcpy(out.data(), bytes.data(), bytes.size());
    out = out.subspan(bytes.size());
    offset = 0;
  }
}

}  // namespace ukstore::net
