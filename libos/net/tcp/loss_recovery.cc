// Entering and leaving recovery, and the timers of loss (RFC 6298, 6582, 6937, 8985).

#include <ukstore/libos/net/tcp/sender.h>
#include <algorithm>
#include <cassert>

namespace ukstore::net {

uint32_t Sender::pipe() const {
  uint32_t pipe = board_.pipe();
  return pipe - std::min(pipe, duplicates_bytes_);
}

void Sender::enter_fast_recovery(uint32_t flight) {
  phase_ = Phase::fast_recovery;
  recover_ = nxt_;
  prr_.enter(flight);
  congestion_.on_loss(rtt_.min(), rtt_.srtt());
  probe_.active = false;
}

void Sender::leave_recovery() {
  if (phase_ == Phase::fast_recovery) congestion_.leave_recovery();
  phase_ = Phase::open;
  duplicates_ = 0;
  rack_.on_recovered();
}

void Sender::on_retransmission_timeout(Time now) {
  ++counters_.timeouts;
  // A repeated timeout for the same data says nothing new about the path's capacity.
  if (phase_ != Phase::loss_recovery) congestion_.on_loss(rtt_.min(), rtt_.srtt());
  congestion_.on_timeout(mss_);
  board_.mark_all_lost();
  duplicates_bytes_ = 0;
  duplicates_ = 0;
  phase_ = Phase::loss_recovery;
  recover_ = nxt_;
  probe_.active = false;
  tail_probe_due_ = false;
  rtt_.back_off();
  rearm(now, Duration::zero());
}

void Sender::on_time(Time now) {
  if (loss_at_ <= now) {
    LossTimer expired = loss_timer_;
    loss_at_ = kNever;
    loss_timer_ = LossTimer::none;
    if (expired == LossTimer::tail_probe) {
      tail_probe_due_ = true;
      retransmit_at_ = now + rtt_.rto(rto_max_);
    } else if (expired == LossTimer::reordering) {
      uint32_t flight = pipe();
      Duration wait = rack_.detect(now, board_, rtt_.min(), rtt_.srtt());
      if (phase_ == Phase::open && board_.lost() > 0) enter_fast_recovery(flight);
      if (phase_ == Phase::fast_recovery) {
        congestion_.set_cwnd(prr_.window(pipe(), 0, congestion_.ssthresh(), mss_));
      }
      rearm(now, wait);
    }
  }
  if (retransmit_at_ > now) return;
  retransmit_at_ = kNever;
  if (outstanding()) {
    on_retransmission_timeout(now);
  } else if (!idle()) {
    // The persist timer: a probe if the window is shut, else the small segment it has room for.
    if (window_room() > 0) {
      send_small_ = true;
    } else {
      window_probe_due_ = true;
    }
    rtt_.back_off();
  }
}

// Sets both timers from `now`. `reordering`: RACK wants to look again after so long, if not zero.
void Sender::rearm(Time now, Duration reordering) {
  loss_at_ = retransmit_at_ = kNever;
  loss_timer_ = LossTimer::none;
  if (board_.empty()) return;
  Time timeout = now + rtt_.rto(rto_max_);
  // A window that was taken back from under what is in flight leaves its end to the RTO.
  bool within_window = at_or_before(nxt_, una_ + window_);
  bool probes =
      sack_ && phase_ == Phase::open && board_.sacked() == 0 && !probe_.active && within_window;
  if (reordering > Duration::zero()) {
    loss_timer_ = LossTimer::reordering;
    loss_at_ = now + reordering;
    retransmit_at_ = timeout;
  } else if (probes) {
    loss_timer_ = LossTimer::tail_probe;
    loss_at_ = std::min(now + probe_timeout(), timeout);
  } else {
    retransmit_at_ = timeout;
  }
}

// RFC 8985, section 7.2.
Duration Sender::probe_timeout() const {
  if (!rtt_.sampled()) return std::chrono::seconds(1);
  Duration timeout = 2 * rtt_.srtt();
  // The peer may hold back its acknowledgment of a lone segment.
  if (board_.total() <= mss_) timeout += std::chrono::milliseconds(200);
  return timeout;
}

void Sender::on_path_mss(Time now, uint16_t mss) {
  if (mss >= mss_) return;
  mss_ = mss;
  congestion_.set_mss(mss);
  if (!outstanding()) return;
  // What is in flight was too large and is gone; that is no sign of congestion.
  board_.mark_all_lost();
  phase_ = Phase::loss_recovery;
  recover_ = nxt_;
  rearm(now, Duration::zero());
}

}  // namespace ukstore::net
