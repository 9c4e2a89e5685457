#pragma once
// What is in flight: the sender's scoreboard (RFC 6675) with the send times that RACK needs.
//
// Entries are ranges as they were sent, not segments: 64 KiB handed to a device that cuts it is
// one entry, and splits only where an acknowledgment or a loss cuts through it.
//
// Invariants, for every scoreboard between calls:
//  1. Ranges are sorted, not empty, and adjoin: together they are [una, nxt).
//  2. No range is both SACKed and lost.
//  3. The counts below equal what a walk over the ranges finds; consistent() does the walk.

#include <ukstore/libos/net/tcp/segment.h>
#include <ukstore/libos/net/time.h>
#include <cstdint>
#include <vector>

namespace ukstore::net {

struct SentRange {
  SeqNumber begin;
  uint32_t length = 0;  // sequence numbers, a FIN included
  Time sent;            // the last time
  bool sacked = false;
  bool lost = false;  // and not sent again since
  bool retransmitted = false;

  SeqNumber end() const { return begin + length; }
};

// Whether the first of two transmissions came after the second (RFC 8985, RACK_sent_after).
constexpr bool sent_after(Time a, SeqNumber a_end, Time b, SeqNumber b_end) {
  return a > b || (a == b && before(b_end, a_end));
}

// What one acknowledgment newly told of, gathered range by range.
struct Delivery {
  // Set by the caller: what tells a retransmission's acknowledgment from its original's.
  Time now;
  Duration rtt_min{};
  SeqNumber highest_before;  // the highest sequence delivered so far

  uint32_t bytes = 0;  // newly acknowledged or SACKed
  uint32_t ranges = 0;
  bool retransmitted = false;  // some of it was sent more than once: Karn's rule applies
  bool original = false;       // some of it was sent only once, last at original_sent
  Time original_sent = Time::min();
  bool reordered = false;  // an original below highest_before came only now
  bool usable = false;     // newest_* hold the most recently sent that RACK may use
  Time newest_sent = Time::min();
  SeqNumber newest_end;
  SeqNumber highest;  // end of the highest range in it

  void add(const SentRange& range);
};

class Scoreboard {
 public:
  // Ranges of new data go in in order.
  void sent(SeqNumber begin, uint32_t length, Time now);
  // Removes what lies before `una`.
  void acknowledge(SeqNumber una, Delivery& delivery);
  // Marks what `block` covers.
  void sack(SackBlock block, Delivery& delivery);

  // Marks as lost what was sent before the most recently sent delivery by more than `wait`
  // (RFC 8985, RACK_detect_loss). Returns the longest time until another would be, zero if none.
  Duration detect_losses(Time now, Time newest_sent, SeqNumber newest_end, Duration wait);
  // Marks the first `bytes` as lost, whatever was SACKed excepted (RFC 6582).
  void mark_front_lost(uint32_t bytes);
  // Marks everything not SACKed as lost. If the peer has forgotten what it SACKed (the very
  // first range is SACKed, yet not acknowledged), that too (RFC 2018, section 8).
  void mark_all_lost();

  // The first lost range, cut to `bytes_max`; nullptr if none is.
  const SentRange* first_lost() const;
  // It was sent again, `length` bytes of it from its beginning.
  void resent_lost(uint32_t length, Time now);
  // The last at most `bytes` in flight that are not SACKed (there must be some), cut off and
  // marked as sent again: a tail loss probe.
  SentRange resend_tail(uint32_t bytes, Time now);

  bool empty() const { return ranges_.size() == head_; }
  uint32_t pipe() const { return total_ - sacked_ - lost_; }  // bytes thought to be in the network
  uint32_t total() const { return total_; }
  uint32_t sacked() const { return sacked_; }
  uint32_t lost() const { return lost_; }
  bool consistent(SeqNumber una, SeqNumber nxt) const;
  size_t range_count() const { return ranges_.size() - head_; }

 private:
  // Cuts the range at `index` so that its first part is `length` long.
  void split(size_t index, uint32_t length);
  // The index of the range that holds `seq`.
  size_t find(SeqNumber seq) const;
  void merge_sacked(size_t index);
  void mark_lost(SentRange& range);

  std::vector<SentRange> ranges_;  // live from head_ on
  uint32_t head_ = 0;
  uint32_t total_ = 0;
  uint32_t sacked_ = 0;
  uint32_t lost_ = 0;
};

}  // namespace ukstore::net
