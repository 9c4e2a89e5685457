#include <ukstore/libos/net/tcp/reassembly.h>

#include <algorithm>
#include <cassert>

namespace ukstore::net {
namespace {

constexpr size_t kIntervalsMax = 1024;  // an attacker's holes cost at most this many records

uint32_t bytes_between(SeqNumber from, SeqNumber to) {
  return static_cast<uint32_t>(distance(from, to));
}

}  // namespace

std::optional<SackBlock> Reassembly::insert(SeqNumber seq, Buf buf) {
  ++insertions_;
  std::optional<SackBlock> duplicate;
  // A small payload must not hold a large chunk while it waits.
  if (buf.held_bytes() > 2 * buf.size()) buf = Buf::copy_of(buf.bytes());
  size_t i = 0;
  while (!buf.empty()) {
    SeqNumber end = seq + buf.size();
    while (i < intervals_.size() && at_or_before(intervals_[i].end, seq)) ++i;
    if (i == intervals_.size() || at_or_before(end, intervals_[i].begin)) {
      put(i, seq, std::move(buf));
      break;
    }
    Interval& held = intervals_[i];
    if (before(seq, held.begin)) {
      uint32_t gap = bytes_between(seq, held.begin);
      Buf front = buf.slice(0, gap);
      buf.drop_front(gap);
      put(i, seq, std::move(front));
      seq += gap;
      i = 0;  // what was joined has moved
      continue;
    }
    SeqNumber covered = earlier(end, held.end);
    if (!duplicate) duplicate = SackBlock{seq, covered};
    held.changed = insertions_;
    buf.drop_front(bytes_between(seq, covered));
    seq = covered;
  }
  return duplicate;
}

// Puts `buf`, which fits between its neighbours, before the interval at `index`, and joins it
// with those that it touches.
void Reassembly::put(size_t index, SeqNumber seq, Buf buf) {
  SeqNumber end = seq + buf.size();
  bool joins_left = index > 0 && intervals_[index - 1].end == seq;
  bool joins_right = index < intervals_.size() && intervals_[index].begin == end;
  if (joins_left) {
    Interval& left = intervals_[index - 1];
    left.bytes.append_uncopied(std::move(buf));
    left.end = end;
    left.changed = insertions_;
  } else {
    if (intervals_.size() >= kIntervalsMax) return;
    Interval fresh{.begin = seq, .end = end, .changed = insertions_, .bytes = {}};
    fresh.bytes.append_uncopied(std::move(buf));
    intervals_.insert(intervals_.begin() + static_cast<ptrdiff_t>(index), std::move(fresh));
    ++index;
  }
  if (joins_right) {
    Interval& left = intervals_[index - 1];
    left.end = intervals_[index].end;
    left.bytes.append_all(std::move(intervals_[index].bytes));
    intervals_.erase(intervals_.begin() + static_cast<ptrdiff_t>(index));
  }
}

uint32_t Reassembly::take(SeqNumber next, ByteQueue& into) {
  uint32_t taken = 0;
  while (!intervals_.empty() && at_or_before(intervals_.front().begin, next)) {
    Interval& first = intervals_.front();
    if (before(next, first.end)) {
      first.bytes.drop_front(bytes_between(first.begin, next));
      taken += bytes_between(next, first.end);
      next = first.end;
      into.append_all(std::move(first.bytes));
    }
    intervals_.erase(intervals_.begin());
  }
  if (intervals_.empty()) clear();
  return taken;
}

SackBlocks Reassembly::blocks(size_t count) const {
  SackBlocks blocks;
  uint32_t below = insertions_ + 1;
  count = std::min({count, SackBlocks::kMax, intervals_.size()});
  while (blocks.size() < count) {
    const Interval* best = nullptr;
    for (const Interval& each : intervals_) {
      if (each.changed < below && (!best || each.changed > best->changed)) best = &each;
    }
    if (!best) break;
    // Intervals of one insertion share a stamp: report them all, lowest first.
    for (const Interval& each : intervals_) {
      if (each.changed == best->changed && blocks.size() < count) {
        blocks.push({each.begin, each.end});
      }
    }
    below = best->changed;
  }
  return blocks;
}

std::optional<SackBlock> Reassembly::around(SackBlock block) const {
  for (const Interval& each : intervals_) {
    if (at_or_before(each.begin, block.begin) && at_or_before(block.end, each.end)) {
      return SackBlock{each.begin, each.end};
    }
  }
  return std::nullopt;
}

size_t Reassembly::bytes() const {
  size_t total = 0;
  for (const Interval& each : intervals_) total += each.bytes.size();
  return total;
}

size_t Reassembly::held_bytes() const {
  size_t held = intervals_.capacity() * sizeof(Interval);
  for (const Interval& each : intervals_) held += each.bytes.held_bytes();
  return held;
}

bool Reassembly::consistent(SeqNumber next) const {
  for (const Interval& each : intervals_) {
    if (!before(next, each.begin) || !before(each.begin, each.end)) return false;
    if (bytes_between(each.begin, each.end) != each.bytes.size()) return false;
    next = each.end;
  }
  return true;
}

}  // namespace ukstore::net
