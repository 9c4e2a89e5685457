#include <ukstore/libos/net/tcp/scoreboard.h>

#include <algorithm>
#include <cassert>

namespace ukstore::net {

void Delivery::add(const SentRange& range) {
  bytes += range.length;
  ++ranges;
  highest = ranges == 1 ? range.end() : later(highest, range.end());
  if (!range.retransmitted) {
    original = true;
    original_sent = std::max(original_sent, range.sent);
    if (before(range.end(), highest_before)) reordered = true;
  } else {
    retransmitted = true;
    // The acknowledgment may be for the first transmission, which says nothing of when the
    // second arrives (RFC 8985, section 6.2, step 2). The timestamp echoed does not tell: beyond a
    // hole it is that of the last segment in order.
    if (now - range.sent < rtt_min) return;
  }
  if (!usable || sent_after(range.sent, range.end(), newest_sent, newest_end)) {
    usable = true;
    newest_sent = range.sent;
    newest_end = range.end();
  }
}

void Scoreboard::sent(SeqNumber begin, uint32_t length, Time now) {
  assert(length > 0);
  total_ += length;
  if (!empty()) {
    SentRange& last = ranges_.back();
    assert(last.end() == begin);
    if (last.sent == now && !last.sacked && !last.lost && !last.retransmitted) {
      last.length += length;
      return;
    }
  }
  ranges_.push_back({.begin = begin, .length = length, .sent = now});
}

void Scoreboard::acknowledge(SeqNumber una, Delivery& delivery) {
  while (!empty() && before(ranges_[head_].begin, una)) {
    if (before(una, ranges_[head_].end())) {
      split(head_, static_cast<uint32_t>(distance(ranges_[head_].begin, una)));
    }
    const SentRange& range = ranges_[head_];
    if (range.sacked) {
      sacked_ -= range.length;
    } else {
      delivery.add(range);
    }
    if (range.lost) lost_ -= range.length;
    total_ -= range.length;
    ++head_;
  }
  if (empty()) {
    // An idle connection keeps no memory; `= {}` would keep the capacity.
    ranges_ = std::vector<SentRange>();
    head_ = 0;
  } else if (head_ > 16 && head_ * 2 > ranges_.size()) {
    ranges_.erase(ranges_.begin(), ranges_.begin() + head_);
    head_ = 0;
  }
}

void Scoreboard::sack(SackBlock block, Delivery& delivery) {
  if (empty()) return;
  SeqNumber begin = later(block.begin, ranges_[head_].begin);
  SeqNumber end = earlier(block.end, ranges_.back().end());
  if (!before(begin, end)) return;
  size_t i = find(begin);
  for (; i < ranges_.size() && before(ranges_[i].begin, end); ++i) {
    if (ranges_[i].sacked) continue;
    if (before(ranges_[i].begin, begin)) {
      split(i, static_cast<uint32_t>(distance(ranges_[i].begin, begin)));
      continue;
    }
    if (before(end, ranges_[i].end())) {
      split(i, static_cast<uint32_t>(distance(ranges_[i].begin, end)));
    }
    SentRange& range = ranges_[i];
    delivery.add(range);
    if (range.lost) lost_ -= range.length;
    range.lost = false;
    range.sacked = true;
    sacked_ += range.length;
  }
  merge_sacked(find(begin));
}

// Neighbours that are SACKed need not be told apart any more.
void Scoreboard::merge_sacked(size_t index) {
  size_t first = index;
  while (first > head_ && ranges_[first - 1].sacked) --first;
  size_t last = index;
  while (last + 1 < ranges_.size() && ranges_[last + 1].sacked) ++last;
  if (first == last || !ranges_[first].sacked) return;
  for (size_t i = first + 1; i <= last; ++i) {
    ranges_[first].length += ranges_[i].length;
    ranges_[first].sent = std::max(ranges_[first].sent, ranges_[i].sent);
  }
  ranges_.erase(ranges_.begin() + static_cast<ptrdiff_t>(first) + 1,
                ranges_.begin() + static_cast<ptrdiff_t>(last) + 1);
}

Duration Scoreboard::detect_losses(Time now, Time newest_sent, SeqNumber newest_end,
                                   Duration wait) {
  Duration longest = Duration::zero();
  for (size_t i = head_; i < ranges_.size(); ++i) {
    SentRange& range = ranges_[i];
    if (range.sacked || range.lost) continue;
    if (!sent_after(newest_sent, newest_end, range.sent, range.end())) continue;
    Duration remaining = range.sent + wait - now;
    if (remaining <= Duration::zero()) {
      mark_lost(range);
    } else {
      longest = std::max(longest, remaining);
    }
  }
  return longest;
}

void Scoreboard::mark_lost(SentRange& range) {
  assert(!range.sacked && !range.lost);
  range.lost = true;
  lost_ += range.length;
}

void Scoreboard::mark_front_lost(uint32_t bytes) {
  for (size_t i = head_; bytes > 0 && i < ranges_.size(); ++i) {
    if (ranges_[i].sacked || ranges_[i].lost) return;
    if (bytes < ranges_[i].length) split(i, bytes);
    bytes -= ranges_[i].length;
    mark_lost(ranges_[i]);
  }
}

void Scoreboard::mark_all_lost() {
  bool reneged = !empty() && ranges_[head_].sacked;
  for (size_t i = head_; i < ranges_.size(); ++i) {
    SentRange& range = ranges_[i];
    if (range.sacked && reneged) {
      range.sacked = false;
      sacked_ -= range.length;
    }
    if (!range.sacked && !range.lost) mark_lost(range);
  }
}

const SentRange* Scoreboard::first_lost() const {
  if (lost_ == 0) return nullptr;
  for (size_t i = head_; i < ranges_.size(); ++i) {
    if (ranges_[i].lost) return &ranges_[i];
  }
  return nullptr;
}

void Scoreboard::resent_lost(uint32_t length, Time now) {
  size_t i = head_;
  while (!ranges_[i].lost) ++i;
  if (length < ranges_[i].length) split(i, length);
  SentRange& range = ranges_[i];
  range.lost = false;
  range.retransmitted = true;
  range.sent = now;
  lost_ -= range.length;
}

SentRange Scoreboard::resend_tail(uint32_t bytes, Time now) {
  assert(!empty());
  size_t i = ranges_.size() - 1;
  while (i > head_ && ranges_[i].sacked) --i;
  assert(!ranges_[i].sacked);
  if (bytes < ranges_[i].length) {
    split(i, ranges_[i].length - bytes);
    ++i;
  }
  SentRange& range = ranges_[i];
  if (range.lost) lost_ -= range.length;
  range.lost = false;
  range.retransmitted = true;
  range.sent = now;
  return range;
}

void Scoreboard::split(size_t index, uint32_t length) {
  assert(length > 0 && length < ranges_[index].length);
  SentRange rest = ranges_[index];
  rest.begin += length;
  rest.length -= length;
  ranges_[index].length = length;
  ranges_.insert(ranges_.begin() + static_cast<ptrdiff_t>(index) + 1, rest);
}

size_t Scoreboard::find(SeqNumber seq) const {
  auto at = std::upper_bound(ranges_.begin() + head_, ranges_.end(), seq,
                             [](SeqNumber s, const SentRange& r) { return before(s, r.begin); });
  return static_cast<size_t>(at - ranges_.begin()) - 1;
}

bool Scoreboard::consistent(SeqNumber una, SeqNumber nxt) const {
  uint32_t total = 0, sacked = 0, lost = 0;
  SeqNumber at = una;
  for (size_t i = head_; i < ranges_.size(); ++i) {
    const SentRange& range = ranges_[i];
    if (range.length == 0 || range.begin != at || (range.sacked && range.lost)) return false;
    at = range.end();
    total += range.length;
    if (range.sacked) sacked += range.length;
    if (range.lost) lost += range.length;
  }
  return at == nxt && total == total_ && sacked == sacked_ && lost == lost_;
}

}  // namespace ukstore::net
