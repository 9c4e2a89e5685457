#pragma once
// The deadlines of many owners: a 4-ary heap in which each owner has at most one entry.

#include <ukstore/libos/net/time.h>
#include <cstdint>
#include <optional>
#include <vector>

namespace ukstore::net {

// Owners are small numbers.  An entry only ever moves to an earlier time; an owner whose deadline
// has become later lets its entry expire and sets it anew, which is cheaper than moving it at
// each segment.
class TimerHeap {
 public:
  // Makes sure that `owner` comes up at `at` or before.
  void set(uint32_t owner, Time at);
  void remove(uint32_t owner);
  // An owner whose entry is due; the entry is gone then.
  std::optional<uint32_t> pop(Time now);

  Time deadline() const { return heap_.empty() ? kNever : heap_[0].at; }
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Time at;
    uint32_t owner;
  };
  static constexpr uint32_t kAbsent = UINT32_MAX;

  void sift_up(size_t hole, Entry entry);
  void sift_down(size_t hole, Entry entry);
  void place(size_t hole, const Entry& entry);
  void remove_at(size_t position);

  std::vector<Entry> heap_;
  std::vector<uint32_t> positions_;  // by owner
};

}  // namespace ukstore::net
