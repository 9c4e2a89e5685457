#pragma once
// Puts staged objects into segments of one write transaction.

#include <ukstore/store/arena.h>
#include <ukstore/store/backend.h>
#include <ukstore/store/segment.h>

namespace ukstore {

class SegmentWriter {
 public:
  using Drop = Arena::Drop;
  // With `Drop::yes` the bytes of an object go as soon as they are in a segment.
  SegmentWriter(Write& write, Drop drop) : write_(write), drop_(drop) {}

  // Adds an object whose children are written or added already, and marks it as written.
  Result<void> add(StagedObject& object);
  // Adds what `root` reaches and is not written, children first.
  Result<void> add_reachable(Address root);
  // Writes the last segment.  Call it once, at the end.
  Result<void> finish();

  // So far; the bytes are those of the segments.
  uint64_t objects() const { return objects_; }
  uint64_t bytes() const { return bytes_; }

 private:
  // A record of the segment to come; its side array stands in `sides_` from `side_begin` on.
  struct Pending {
    StagedObject* object;
    size_t side_begin;
  };

  Write& write_;
  const Drop drop_;
  uint64_t segment_ = 0;  // the number of the segment to come; 0 before the first object
  size_t offset_ = 0;     // where its next record will start
  size_t size_ = 0;       // what it will take
  std::vector<Pending> pending_;
  std::vector<uint64_t> sides_;
  uint64_t objects_ = 0, bytes_ = 0;
};

}  // namespace ukstore
