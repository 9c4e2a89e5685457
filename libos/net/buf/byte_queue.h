#pragma once
// A queue of bytes kept as slices: what an application wrote and the peer has not acknowledged,
// or what arrived in order and the application has not read.

#include <ukstore/libos/net/buf/buf.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ukstore::net {

class ByteQueue {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Bytes of memory kept alive by the queue, counting whole chunks.
  size_t held_bytes() const;

  // Copies `bytes` to the end, filling the room left in the last chunk first.
  void append(std::span<const std::byte> bytes);
  // Appends without copying; but a slice much smaller than its chunk is copied, so that the
  // queue never holds over twice what it is charged for (and a small chunk's worth).
  void append(Buf buf);
  // Appends without copying, however small the slice.
  void append_uncopied(Buf buf);
  // Moves everything in `other` to the end.
  void append_all(ByteQueue&& other);

  // Removes `bytes` (at most size()) from the front.
  void drop_front(size_t bytes);
  // Copies to `out` what fits and removes it; returns the count.
  size_t read(std::span<std::byte> out);
  // The first contiguous bytes; empty if the queue is.
  std::span<const std::byte> front() const;
  // The slice that front() looks into, for one who wants to keep it without copying.
  Buf front_buf() const { return empty() ? Buf() : slices_[head_]; }
  void clear();

  // Writes to `pieces` the memory of [offset, offset + length), in order; returns how many
  // pieces it took, or 0 if `pieces` is too small (or length is 0).
  size_t gather(size_t offset, size_t length, std::span<std::span<const std::byte>> pieces) const;
  // Copies [offset, offset + out.size()) to `out`.
  void copy_to(size_t offset, std::span<std::byte> out) const;

 private:
  void push(Buf buf);

  // The live slices are slices_[head_...]; the vector is compacted when half of it is dead.
  std::vector<Buf> slices_;
  uint32_t head_ = 0;
  size_t size_ = 0;
  uint32_t spare_ = 0;  // bytes behind the last slice that we own and have not written
};

}  // namespace ukstore::net
