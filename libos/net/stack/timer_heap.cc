#include <ukstore/libos/net/stack/timer_heap.h>
#include <algorithm>

namespace ukstore::net {

void TimerHeap::place(size_t hole, const Entry& entry) {
  heap_[hole] = entry;
  positions_[entry.owner] = static_cast<uint32_t>(hole);
}

void TimerHeap::sift_up(size_t hole, Entry entry) {
  while (hole > 0) {
    size_t parent = (hole - 1) / 4;
    if (heap_[parent].at <= entry.at) break;
    place(hole, heap_[parent]);
    hole = parent;
  }
  place(hole, entry);
}

void TimerHeap::sift_down(size_t hole, Entry entry) {
  for (;;) {
    size_t first = hole * 4 + 1;
    if (first >= heap_.size()) break;
    size_t last = std::min(first + 4, heap_.size());
    size_t least = first;
    for (size_t child = first + 1; child < last; ++child)
      if (heap_[child].at < heap_[least].at) least = child;
    if (entry.at <= heap_[least].at) break;
    place(hole, heap_[least]);
    hole = least;
  }
  place(hole, entry);
}

void TimerHeap::set(uint32_t owner, Time at) {
  if (at == kNever) return;
  if (owner >= positions_.size()) positions_.resize(owner + 1, kAbsent);
  uint32_t position = positions_[owner];
  if (position == kAbsent) {
    heap_.push_back({at, owner});
    sift_up(heap_.size() - 1, {at, owner});
  } else if (at < heap_[position].at) {
    sift_up(position, {at, owner});
  }
}

void TimerHeap::remove_at(size_t position) {
  positions_[heap_[position].owner] = kAbsent;
  Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  // The last entry takes the hole, whichever way it must go from there.
  if (position > 0 && last.at < heap_[(position - 1) / 4].at) {
    sift_up(position, last);
  } else {
    sift_down(position, last);
  }
}

void TimerHeap::remove(uint32_t owner) {
  if (owner < positions_.size() && positions_[owner] != kAbsent) remove_at(positions_[owner]);
}

std::optional<uint32_t> TimerHeap::pop(Time now) {
  if (heap_.empty() || heap_[0].at > now) return std::nullopt;
  uint32_t owner = heap_[0].owner;
  remove_at(0);
  return owner;
}

}  // namespace ukstore::net
