// What an acknowledgment means to the sender (RFC 9293, section 3.10.7.4, fifth check; RFC 5681,
// 2018, 2883, 6675, 8985).

#include <ukstore/libos/net/tcp/sender.h>
#include <algorithm>
#include <cassert>

namespace ukstore::net {

void Sender::on_ack(Time now, const Ack& ack) {
  bool window_changed = update_window(now, ack);
  bool dsack = sack_ && take_dsack(ack);
  uint32_t pipe_before = pipe();
  if (pipe_before >= flight_peak_ || at_or_before(flight_until_, una_)) {
    flight_peak_ = pipe_before;
    flight_until_ = nxt_;
  }
  Delivery delivery{.now = now, .rtt_min = rtt_.min(), .highest_before = highest_delivered_};
  bool advanced = before(una_, ack.ack);
  if (advanced) {
    board_.acknowledge(ack.ack, delivery);
    auto bytes = static_cast<size_t>(distance(una_, ack.ack));
    queue_.drop_front(std::min(bytes, queue_.size()));
    una_ = ack.ack;
    progress_ = now;
  }
  if (sack_) {
    for (SackBlock block : ack.sack) {
      if (before(block.begin, block.end) && at_or_before(una_, block.begin) &&
          at_or_before(block.end, nxt_)) {
        board_.sack(block, delivery);
      }
    }
  } else {
    count_duplicate(ack, advanced, window_changed, delivery);
  }
  if (delivery.ranges > 0) {
    highest_delivered_ = later(highest_delivered_, delivery.highest);
    // A duplicate made this acknowledgment, so its echo, and the time of what it delivers, may be
    // those of one that was lost long before: no measure of the path.
    if (!dsack) take_rtt(now, ack, delivery);
    rack_.on_delivery(delivery, now);
    congestion_.on_delivered(now, una_, nxt_, delivery.bytes);
  }
  answer_probe(ack, dsack, delivery);
  recover(now, delivery, advanced, pipe_before);
  if (una_ == nxt_) highest_delivered_ = small_end_ = una_;
}

bool Sender::update_window(Time now, const Ack& ack) {
  // Older segments must not bring back an older window; but what acknowledges more is no older,
  // even if a lost segment before it makes its own sequence number so.
  bool newer = before(una_, ack.ack) || before(window_seq_, ack.seq) ||
               (window_seq_ == ack.seq && at_or_before(window_ack_, ack.ack));
  if (window_ == 0) progress_ = now;  // it lives and has no room: that is no failure
  if (!newer || before(ack.ack, una_)) return false;
  bool changed = window_ != ack.window;
  bool was_shut = window_ == 0;
  window_ = ack.window;
  window_seq_ = later(window_seq_, ack.seq);
  window_ack_ = ack.ack;
  window_max_ = std::max(window_max_, window_);
  furthest_ = later(furthest_, ack.ack + window_);
  if (changed && was_shut && !outstanding()) {
    rtt_.clear_backoff();
    retransmit_at_ = kNever;
    window_probe_due_ = false;
  }
  return changed;
}

// Whether the first block reports a duplicate (RFC 2883): below the acknowledgment, or inside
// the second block.
bool Sender::take_dsack(const Ack& ack) {
  if (ack.sack.empty()) return false;
  SackBlock first = ack.sack[0];
  bool below = before(first.begin, ack.ack);
  bool inside = ack.sack.size() > 1 && at_or_before(ack.sack[1].begin, first.begin) &&
                at_or_before(first.end, ack.sack[1].end);
  if (!below && !inside) return false;
  ++counters_.spurious;
  rack_.on_dsack(una_, nxt_);
  return true;
}

void Sender::take_rtt(Time now, const Ack& ack, const Delivery& delivery) {
  Duration rtt = Duration::zero();
  if (delivery.original && !delivery.retransmitted) {
    rtt = now - delivery.original_sent;
  } else if (ack.echo_sent != Time::min()) {
    rtt = now - ack.echo_sent;
  } else {
    return;
  }
  // One sample a round trip, as RFC 6298's gains assume; the minimum takes all.
  if (!rtt_.sampled() || at_or_before(rtt_mark_, una_)) {
    rtt_.sample(now, rtt, rto_min_);
    rtt_mark_ = nxt_;
  } else {
    rtt_.observe(now, rtt);
    rtt_.clear_backoff();
  }
}

// Without SACK a duplicate ACK says only that some segment left the network.
void Sender::count_duplicate(const Ack& ack, bool advanced, bool window_changed,
                             Delivery& delivery) {
  if (advanced) {
    // What a partial acknowledgment covers is what duplicates told of before, but for the hole.
    uint32_t covered = delivery.bytes > mss_ ? delivery.bytes - mss_ : 0;
    duplicates_bytes_ -= std::min(duplicates_bytes_, covered);
    if (una_ == nxt_) duplicates_bytes_ = 0;
    duplicates_ = 0;
    return;
  }
  if (ack.ack != una_ || !ack.pure || window_changed || !outstanding()) return;
  if (duplicates_ < 255) ++duplicates_;
  if (duplicates_bytes_ + mss_ <= board_.total()) {
    duplicates_bytes_ += mss_;
    delivery.bytes += mss_;
  }
}

// RFC 8985, section 7.4.
void Sender::answer_probe(const Ack& ack, bool dsack, const Delivery& delivery) {
  if (!probe_.active || before(ack.ack, probe_.end)) return;
  if (!probe_.retransmitted || dsack) {
    probe_.active = false;
  } else if (before(probe_.end, ack.ack)) {
    // The probe itself repaired a loss that nothing else has shown.
    probe_.active = false;
    if (phase_ == Phase::open) {
      congestion_.on_loss(rtt_.min(), rtt_.srtt());
      congestion_.leave_recovery();
    }
  } else if (delivery.ranges == 0 && ack.pure && ack.sack.empty()) {
    probe_.active = false;  // the second acknowledgment of the tail: both copies arrived
  }
}

void Sender::recover(Time now, const Delivery& delivery, bool advanced, uint32_t pipe_before) {
  if (phase_ != Phase::open && at_or_before(recover_, una_)) leave_recovery();

  Duration wait = Duration::zero();
  if (sack_) {
    wait = rack_.detect(now, board_, rtt_.min(), rtt_.srtt());
  } else if (phase_ == Phase::fast_recovery && advanced) {
    if (board_.lost() == 0) board_.mark_front_lost(mss_);  // RFC 6582, section 3.2, step 3
  } else if (phase_ == Phase::open && duplicates_ == 3 && at_or_before(recover_, una_)) {
    board_.mark_front_lost(mss_);
  }

  if (phase_ == Phase::open && board_.lost() > 0) {
    enter_fast_recovery(pipe_before);
  } else if (phase_ != Phase::fast_recovery && advanced) {
    grow(now, delivery);
  }
  if (phase_ == Phase::fast_recovery) {
    congestion_.set_cwnd(prr_.window(pipe(), delivery.bytes, congestion_.ssthresh(), mss_));
  }
  if (advanced || delivery.ranges > 0) {
    if (advanced || wait > Duration::zero() || phase_ == Phase::open) rearm(now, wait);
  }
}

// The window grows only if it was what held us back, else it would grow without proof.  It was if
// it was full at any time of this round trip: of several acknowledgments that come together only
// the first finds it so.
void Sender::grow(Time now, const Delivery& delivery) {
  uint32_t cwnd = congestion_.cwnd();
  bool limited = congestion_.slow_start() ? 2 * flight_peak_ >= cwnd : flight_peak_ + mss_ > cwnd;
  if (phase_ == Phase::loss_recovery) limited = true;
  if (!limited) return;
  congestion_.on_ack({.now = now,
                      .una = una_,
                      .nxt = nxt_,
                      .bytes = delivery.bytes,
                      .rtt = delivery.retransmitted ? Duration::zero() : rtt_.latest(),
                      .srtt = rtt_.srtt()});
}

}  // namespace ukstore::net
