#pragma once
// The names of the objects in a run of young segments, in memory: by the first eight bytes of a
// name, the places where such an object may lie.  Whoever asks compares the whole name.

#include <ukstore/store/segment.h>

#include <vector>

namespace ukstore {

class RecentHashes {
 public:
  void add(const SegmentView& segment, uint64_t number);
  void clear() { *this = RecentHashes(); }
  size_t size() const { return size_; }

  // Calls visit(Address) for the places whose name starts like `hash`, in no order, until it
  // returns false.
  template <class Visit>
  void find(const Hash& hash, Visit visit) const {
    if (slots_.empty()) return;
    for (size_t i = hash.prefix() & (slots_.size() - 1); slots_[i].address != 0;
         i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].prefix == hash.prefix() && !visit(Address::from_value(slots_[i].address)))
        return;
    }
  }

 private:
  struct Slot {
    uint64_t prefix = 0;
    uint64_t address = 0;
  };
  void insert(Slot slot);
  void grow(size_t objects);

  std::vector<Slot> slots_;  // a power of two, at most three quarters full
  size_t size_ = 0;
};

}  // namespace ukstore
