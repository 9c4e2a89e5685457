#pragma once
// A disk in memory that remembers every transaction, and forgets at a crash what was not flushed.

#include <ukstore/store/backend.h>

#include <random>
#include <vector>

namespace ukstore::tests {

class Disk {
 public:
  // A planted bug: records reach the disk, flushed, before the segments of their transaction.
  enum class Order { together, records_first };
  explicit Disk(Order order = Order::together) : order_(order) {}

  // What is on the disk now, as a backend that goes on to record into it.  One at a time.  The disk
  // outlives it.
  std::unique_ptr<Backend> open();

  // The machine stops: of the transactions that no flush covers the first few may have been
  // written, as many as chance says.  What is open can write no more.
  void crash(std::mt19937_64& random);

 private:
  friend class DiskBackend;
  friend class DiskWrite;
  struct Op {
    enum class Kind { put, erase, segment, erase_segment } kind;
    Bytes key;  // or the segment's bytes
    Bytes value;
    uint64_t segment = 0;
  };
  std::vector<std::vector<Op>> transactions_;
  const Order order_;
  size_t flushed_ = 0;
  bool stopped_ = false;
};

}  // namespace ukstore::tests
