#pragma once
// Bytes that several owners share without copying: reference-counted chunks and slices of them.
//
// One thread per stack, so the counts are plain integers. A slice is immutable: only the one
// that made a chunk writes to it, and only before it hands out slices of what it wrote.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace ukstore::net {

// A block of memory with a reference count. Devices that own their pages make chunks over them
// with a `release` of their own; everything else uses make_chunk().
struct Chunk {
  using Release = void (*)(Chunk* chunk);  // called when the last reference goes

  std::byte* data;
  uint32_t capacity;  // bytes at `data`: what a slice of it is charged for at most
  uint32_t references;
  Release release;
};

// A reference to a chunk, or to none.
class ChunkRef {
 public:
  ChunkRef() = default;
  // Takes over one reference that `chunk` already counts.
  explicit ChunkRef(Chunk* chunk) : chunk_(chunk) {}
  ChunkRef(const ChunkRef& other) : chunk_(other.chunk_) {
    if (chunk_) ++chunk_->references;
  }
  ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef other) noexcept { return std::swap(chunk_, other.chunk_), *this; }
  ~ChunkRef() {
    if (chunk_ && --chunk_->references == 0) chunk_->release(chunk_);
  }

  explicit operator bool() const { return chunk_ != nullptr; }
  Chunk* operator->() const { return chunk_; }
  Chunk* get() const { return chunk_; }

 private:
  Chunk* chunk_ = nullptr;
};

// A chunk on the heap with room for `capacity` bytes, uninitialised.
ChunkRef make_chunk(uint32_t capacity);

// A slice of a chunk.
class Buf {
 public:
  Buf() = default;
  Buf(ChunkRef chunk, uint32_t offset, uint32_t length)
      : chunk_(std::move(chunk)), offset_(offset), length_(length) {}
  // A copy of `bytes` in a chunk of its own.
  static Buf copy_of(std::span<const std::byte> bytes);

  std::span<const std::byte> bytes() const {
    return chunk_ ? std::span<const std::byte>(chunk_->data + offset_, length_)
                  : std::span<const std::byte>();
  }
  uint32_t size() const { return length_; }
  bool empty() const { return length_ == 0; }
  // Bytes that this slice keeps from being freed.
  uint32_t held_bytes() const { return chunk_ ? chunk_->capacity : 0; }
  const ChunkRef& chunk() const { return chunk_; }
  uint32_t offset() const { return offset_; }

  // [from, from + length) of this slice, which must contain it.
  Buf slice(uint32_t from, uint32_t length) const { return {chunk_, offset_ + from, length}; }
  void drop_front(uint32_t bytes) { offset_ += bytes, length_ -= bytes; }
  void truncate(uint32_t bytes) { length_ = bytes; }
  // Makes the slice longer into the chunk's next bytes, which the caller has just written.
  void extend(uint32_t bytes) { length_ += bytes; }

 private:
  ChunkRef chunk_;
  uint32_t offset_ = 0;
  uint32_t length_ = 0;
};

}  // namespace ukstore::net
