// A segment arrives (RFC 9293, section 3.10.7, with RFC 5961 and RFC 7323, section 5).

#include <ukstore/libos/net/tcp/connection.h>
#include <ukstore/libos/net/tcp/mss.h>
#include <ukstore/libos/net/tcp/window_scale.h>
#include <algorithm>
#include <cassert>

namespace ukstore::net {
namespace {

// How long a timestamp may be compared with a later one (RFC 7323, section 5.5).
constexpr Duration kTimestampLifetime = std::chrono::hours(24 * 24);

// RFC 5961, section 10: at most so many challenge ACKs in such a time.
constexpr uint8_t kChallengesMax = 10;
constexpr Duration kChallengeInterval = std::chrono::seconds(5);

bool older(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

}  // namespace

void Connection::on_segment(Time now, const SegmentView& segment) {
  switch (state_) {
    case State::closed:
    case State::time_wait:
      return;  // a TimeWait record answers, or nobody
    case State::syn_sent:
      return on_syn_sent(now, segment);
    default:
      return on_synchronized(now, segment);
  }
}

// --- SYN-SENT (section 3.10.7.3) --------------------------------------------------------------

void Connection::on_syn_sent(Time now, const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  bool ack_acceptable = header.ack == iss_ + 1 && syn_tries_ > 0;
  if (header.flags.ack && !ack_acceptable) {
    if (!header.flags.rst) reset_reply_ = header.ack;
    return;
  }
  if (header.flags.rst) {
    if (header.flags.ack) fail(Failure::refused);
    return;
  }
  if (!header.flags.syn) return;
  negotiate(now, header);
  heard_at_ = now;
  if (!header.flags.ack) {
    state_ = State::syn_received;
    syn_due_ = true;
    syn_tries_ = 1;
    return;
  }
  on_syn_ack(now, header);
  if (!segment.payload.empty() || header.flags.fin) {
    SegmentView rest = segment;
    rest.header.seq += 1;
    rest.header.flags.syn = false;
    on_payload(now, rest);
  }
}

void Connection::negotiate(Time now, const TcpHeader& syn) {
  irs_ = syn.seq;
  const TcpOptions& options = syn.options;
  peer_mss_ = peer_mss(options.mss, config_.family);
  peer_scales_ = config_.window_scaling == Feature::on && options.window_shift.has_value();
  peer_shift_ = peer_scales_ ? std::min(*options.window_shift, kWindowShiftMax) : 0;
  if (!peer_scales_) own_shift_ = 0;
  sack_ = config_.sack == Feature::on && options.sack_permitted;
  timestamps_ = config_.timestamps == Feature::on && options.timestamps.has_value();
  if (timestamps_) {
    ts_recent_ = options.timestamps->value;
    ts_recent_at_ = now;
  }
  receiver_.open({.next = irs_ + 1,
                  .offered_window = syn_window(config_.receive_buffer_bytes),
                  .window_shift = own_shift_});
}

void Connection::on_syn_ack(Time now, const TcpHeader& header) {
  state_ = sender_.fin_queued() ? State::fin_wait_1 : State::established;
  establish(now, header);
  receiver_.acknowledge_now();
}

// Our SYN is acknowledged by `header`.
void Connection::establish(Time now, const TcpHeader& header) {
  uint32_t window = header.flags.syn ? header.window : uint32_t{header.window} << peer_shift_;
  sender_.open(now, {.first = iss_ + 1,
                     .mss = payload_mss(),
                     .window = window,
                     .peer_seq = header.seq,
                     .sack = sack_});
  bool repeated = syn_tries_ > 1;
  std::optional<Duration> rtt;
  if (!repeated) rtt = now - syn_sent_;
  sender_.on_handshake(now, rtt, repeated ? Sender::Handshake::repeated : Sender::Handshake::clean);
  syn_at_ = kNever;
  syn_due_ = false;
  heard_at_ = now;
}

// --- The other states (section 3.10.7.4) ------------------------------------------------------

void Connection::on_synchronized(Time now, const SegmentView& segment) {
  if (!passes_timestamps(now, segment)) return;
  if (!passes_sequence(now, segment)) return;
  const TcpHeader& header = segment.header;
  if (timestamps_ && header.options.timestamps && !header.flags.rst &&
      at_or_before(header.seq, receiver_.last_acknowledged()) &&
      !older(header.options.timestamps->value, ts_recent_)) {
    ts_recent_ = header.options.timestamps->value;
    ts_recent_at_ = now;
  }
  if (!passes_reset_and_syn(now, header)) return;
  if (!header.flags.ack) return;
  if (!passes_acknowledgment(now, segment)) return;
  heard_at_ = now;
  keepalive_tries_ = 0;
  if (state_ == State::closed) return;
  on_payload(now, segment);
}

// PAWS: a segment from an earlier turn of the sequence numbers carries an older timestamp.
bool Connection::passes_timestamps(Time now, const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  if (!timestamps_ || header.flags.rst) return true;
  if (!header.options.timestamps) return false;  // RFC 7323, section 3.2
  bool valid = now - ts_recent_at_ < kTimestampLifetime;
  if (!valid || !older(header.options.timestamps->value, ts_recent_)) return true;
  if (segment.sequence_length() > 0) {
    receiver_.on_duplicate(header.seq, segment.payload.size());
  } else {
    challenge(now);
  }
  return false;
}

bool Connection::passes_sequence(Time now, const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  uint32_t length = segment.sequence_length();
  if (receiver_.acceptable(header.seq, length)) return true;
  // With a shut window nothing is acceptable, yet acknowledgments are taken (MUST-66).
  bool shut = receiver_.nxt() == receiver_.edge();
  if (shut && header.seq == receiver_.nxt()) return true;
  if (header.flags.rst) return false;
  if (state_ == State::syn_received && header.flags.syn && header.seq == irs_) {
    syn_due_ = true;  // the peer has not seen our SYN-ACK
    return false;
  }
  if (length > 0 && !header.flags.syn) {
    receiver_.on_duplicate(header.seq, segment.payload.size());
  } else {
    challenge(now);
  }
  return false;
}

// RFC 5961, sections 3.2 and 4.2: what would end the connection must be exactly right.
bool Connection::passes_reset_and_syn(Time now, const TcpHeader& header) {
  if (header.flags.rst) {
    if (header.seq == receiver_.nxt()) {
      fail(state_ == State::syn_received ? Failure::refused : Failure::reset);
    } else {
      challenge(now);
    }
    return false;
  }
  if (header.flags.syn) {
    challenge(now);
    return false;
  }
  return true;
}

bool Connection::passes_acknowledgment(Time now, const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  if (!sender_.opened()) {
    // SYN-RECEIVED, perhaps closed by its owner meanwhile.
    if (header.ack != iss_ + 1) {
      reset_reply_ = header.ack;
      return false;
    }
    if (state_ == State::syn_received) state_ = State::established;
    establish(now, header);
  }
  bool future = before(sender_.nxt(), header.ack);
  bool ancient = before(header.ack, sender_.una() - sender_.window_max());
  if (future || ancient) {
    challenge(now);
    return false;
  }
  Sender::Ack ack{.seq = header.seq,
                  .ack = header.ack,
                  .window = uint32_t{header.window} << peer_shift_,
                  .sack = header.options.sack,
                  .pure = segment.sequence_length() == 0};
  if (timestamps_) {
    uint32_t age_ms = timestamp(now) - header.options.timestamps->echo;
    if (age_ms < (1U << 31)) ack.echo_sent = now - std::chrono::milliseconds(age_ms);
  }
  sender_.on_ack(now, ack);
  if (!sender_.fin_acknowledged()) return true;
  if (state_ == State::fin_wait_1) {
    state_ = State::fin_wait_2;
    await_peer_fin(now);
  } else if (state_ == State::closing) {
    enter_time_wait(now);
  } else if (state_ == State::last_ack) {
    fail(Failure::none);
  }
  return true;
}

void Connection::on_payload(Time now, const SegmentView& segment) {
  const TcpHeader& header = segment.header;
  if (segment.payload.empty() && !header.flags.fin) return;
  bool receives =
      state_ == State::established || state_ == State::fin_wait_1 || state_ == State::fin_wait_2;
  if (!receives) return;
  SeqNumber end = header.seq + segment.payload.size();
  if (receiver_.discarding() && before(receiver_.nxt(), end)) {
    // Nobody will read it, and the peer had better know (RFC 9293, section 3.6.1).
    fail(Failure::reset);
    reset_reply_ = header.ack;
    return;
  }
  if (receiver_.on_data(now, header.seq, segment.payload, header.flags.fin)) on_fin(now);
}

void Connection::on_fin(Time now) {
  if (state_ == State::established) {
    state_ = State::close_wait;
  } else if (state_ == State::fin_wait_1) {
    state_ = State::closing;
  } else if (state_ == State::fin_wait_2) {
    enter_time_wait(now);
  }
}

// An acknowledgment that makes an honest peer show itself, but not for every forged segment.
void Connection::challenge(Time now) {
  if (challenges_since_ == Time::min() || now - challenges_since_ >= kChallengeInterval) {
    challenges_since_ = now;
    challenges_ = 0;
  }
  if (challenges_ == kChallengesMax) return;
  ++challenges_;
  receiver_.acknowledge_now();
}

}  // namespace ukstore::net
