// Time in a connection: its deadline, and how it ends (RFC 9293, sections 3.6 and 3.8.3).

#include <ukstore/libos/net/tcp/connection.h>
#include <algorithm>

namespace ukstore::net {

uint32_t Connection::timestamp(Time now) const {
  auto ticks = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  return static_cast<uint32_t>(ticks.count()) + ts_offset_;
}

void Connection::on_time(Time now) {
  if (state_ == State::closed || state_ == State::time_wait) return;
  if (now >= give_up_at()) {
    bool opening = state_ == State::syn_sent;
    fail(Failure::timed_out);
    reset_due_ = !opening;
    return;
  }
  if (now >= expires_) return fail(Failure::none);
  if (now >= syn_at_) {
    syn_at_ = kNever;
    syn_due_ = true;
  }
  sender_.on_time(now);
  on_keepalive_time(now);
}

Time Connection::deadline() const {
  if (state_ == State::closed || state_ == State::time_wait) return kNever;
  return std::min({sender_.deadline(), receiver_.ack_deadline(), syn_at_, expires_, give_up_at(),
                   keepalive_at()});
}

// When we stop hoping for an answer; kNever while none is owed.
Time Connection::give_up_at() const {
  if (!sender_.opened()) return opened_at_ + config_.connect_timeout;
  Time since = sender_.waiting_since();
  return since == kNever ? kNever : since + config_.user_timeout;
}

// Keepalive probes only an idle connection (RFC 9293, section 3.8.4).
Time Connection::keepalive_at() const {
  bool open =
      state_ == State::established || state_ == State::close_wait || state_ == State::fin_wait_2;
  if (config_.keepalive == Feature::off || !open || !sender_.idle()) return kNever;
  return heard_at_ + config_.keepalive_idle + keepalive_tries_ * config_.keepalive_interval;
}

void Connection::on_keepalive_time(Time now) {
  if (now < keepalive_at()) return;
  if (keepalive_tries_ >= config_.keepalive_probes) {
    fail(Failure::timed_out);
    reset_due_ = true;
    return;
  }
  ++keepalive_tries_;
  keepalive_due_ = true;
}

// The FIN follows what is queued; the state says that we will send no more.
void Connection::begin_close() {
  if (state_ == State::established || state_ == State::syn_received) {
    state_ = State::fin_wait_1;
  } else if (state_ == State::close_wait) {
    state_ = State::last_ack;
  } else if (state_ != State::syn_sent) {
    return;
  }
  sender_.queue_fin();
}

// A peer that never closes must not keep a connection alive that nobody holds any more.
void Connection::await_peer_fin(Time now) {
  if (closed_by_owner_ && state_ == State::fin_wait_2 && expires_ == kNever) {
    expires_ = now + config_.fin_wait_2_timeout;
  }
}

void Connection::fail(Failure failure) {
  state_ = State::closed;
  failure_ = failure;
  syn_due_ = keepalive_due_ = false;
  sender_.drop_everything();
  if (failure != Failure::none) receiver_.discard();
}

void Connection::enter_time_wait(Time now) {
  state_ = State::time_wait;
  time_wait_since_ = now;
}

TimeWait Connection::time_wait_record() const {
  uint32_t window = static_cast<uint32_t>(distance(receiver_.nxt(), receiver_.edge()));
  return {.snd_nxt = sender_.nxt(),
          .rcv_nxt = receiver_.nxt(),
          .ts_recent = ts_recent_,
          .ts_offset = ts_offset_,
          .window = static_cast<uint16_t>(window >> own_shift_),
          .timestamps = timestamps_,
          .length = config_.time_wait,
          .expires = time_wait_since_ + config_.time_wait};
}

}  // namespace ukstore::net
