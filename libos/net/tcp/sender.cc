// What to send next: retransmissions, probes, new data, in this order.

#include <ukstore/libos/net/tcp/sender.h>

#include <algorithm>
#include <cassert>

namespace ukstore::net {
namespace {

constexpr uint32_t kSendBufferMax = 8 * 1024 * 1024;

uint32_t whole_segments(uint32_t bytes, uint32_t mss) { return bytes / mss * mss; }

}  // namespace

Sender::Sender(const Config& config)
    : congestion_(config.congestion_control, 536, config.initial_window_segments),
      buffer_bytes_(config.send_buffer_bytes),
      initial_segments_(config.initial_window_segments),
      kind_(config.congestion_control),
      rto_min_(config.rto_min),
      rto_max_(config.rto_max) {}

size_t Sender::room() const {
  // Twice the window keeps the network busy while the application fills the other half.
  size_t limit = std::max<size_t>(buffer_bytes_, std::min(2 * congestion_.cwnd(), kSendBufferMax));
  return limit > queue_.size() ? limit - queue_.size() : 0;
}

void Sender::drop_everything() {
  queue_.clear();
  board_ = Scoreboard();
  nxt_ = una_;
  fin_queued_ = fin_sent_ = false;
  retransmit_at_ = loss_at_ = kNever;
  tail_probe_due_ = window_probe_due_ = false;
}

void Sender::open(Time now, const Start& start) {
  assert(!opened_);
  opened_ = true;
  una_ = nxt_ = recover_ = rtt_mark_ = highest_delivered_ = small_end_ = start.first;
  mss_ = start.mss;
  sack_ = start.sack;
  window_ = window_max_ = start.window;
  window_seq_ = start.peer_seq;
  window_ack_ = start.first;
  furthest_ = start.first + start.window;
  flight_until_ = start.first;
  congestion_ = Congestion(kind_, mss_, initial_segments_);
  progress_ = last_sent_ = now;
}

void Sender::on_handshake(Time now, std::optional<Duration> rtt, Handshake handshake) {
  if (rtt) rtt_.sample(now, *rtt, rto_min_);
  if (handshake == Handshake::clean) return;
  if (!rtt) rtt_.on_syn_timeout();
  // RFC 6928, section 2, and RFC 5681: a lost SYN leaves one segment.
  congestion_.set_cwnd(mss_);
}

uint32_t Sender::unsent() const {
  if (fin_sent_) return 0;
  return static_cast<uint32_t>(queue_.size()) - static_cast<uint32_t>(distance(una_, nxt_));
}

uint32_t Sender::window_room() const {
  int32_t room = distance(nxt_, una_ + window_);
  return room > 0 ? static_cast<uint32_t>(room) : 0;
}

std::optional<Sender::Piece> Sender::next(Time now, const Limits& limits) {
  if (!opened_) return std::nullopt;
  if (auto piece = next_retransmission(now, limits)) return piece;
  if (tail_probe_due_) {
    tail_probe_due_ = false;
    if (auto piece = next_tail_probe(now, limits)) return piece;
  }
  if (auto piece = next_new(now, limits)) return piece;
  if (window_probe_due_) {
    window_probe_due_ = false;
    // Like Linux, a probe repeats an old sequence number: it makes the peer answer and, unlike
    // a byte beyond the window, leaves nothing to take back.
    return Piece{.seq = una_ - 1, .mss = mss_};
  }
  await_window(now);
  return std::nullopt;
}

// The piece for [begin, begin + length), part of what is in flight or about to be.
Sender::Piece Sender::piece_of(SeqNumber begin, uint32_t length, uint16_t mss) const {
  auto offset = static_cast<uint32_t>(distance(una_, begin));
  auto size = static_cast<uint32_t>(queue_.size());
  bool fin = fin_sent_ && offset + length == size + 1;
  uint32_t payload = fin ? length - 1 : length;
  return {.seq = begin,
          .offset = payload > 0 ? offset : 0,
          .length = payload,
          .mss = mss,
          .fin = fin,
          .push = payload > 0 && offset + payload == size};
}

std::optional<Sender::Piece> Sender::next_retransmission(Time now, const Limits& limits) {
  const SentRange* lost = board_.first_lost();
  if (!lost) return std::nullopt;
  // Beyond a window that was taken back only the first segment goes, as its probe.
  bool first = lost->begin == una_;
  int32_t window = distance(lost->begin, una_ + window_);
  if (window <= 0 && !first) return std::nullopt;

  auto mss = static_cast<uint16_t>(mss_ - limits.option_bytes);
  uint32_t in_network = pipe();
  uint32_t room = congestion_.cwnd() > in_network ? congestion_.cwnd() - in_network : 0;
  if (in_network == 0) room = std::max<uint32_t>(room, mss_);
  uint32_t length = std::min(lost->length, std::max<uint32_t>(limits.burst_bytes, mss));
  if (window > 0) length = std::min(length, static_cast<uint32_t>(window));
  if (window <= 0) length = std::min<uint32_t>(length, mss);
  if (length > room) length = whole_segments(room, mss);
  if (length > mss && length < lost->length) length = whole_segments(length, mss);
  if (length == 0) return std::nullopt;
  // A FIN that is all that would be left goes along: it needs no room of its own.
  if (fin_sent_ && lost->end() == nxt_ && lost->length == length + 1) ++length;

  Piece piece = piece_of(lost->begin, length, mss);
  board_.resent_lost(length, now);
  ++counters_.retransmitted;
  prr_.on_sent(length);
  last_sent_ = now;
  if (first || retransmit_at_ == kNever) {
    retransmit_at_ = now + rtt_.rto(rto_max_);
    if (loss_timer_ == LossTimer::tail_probe) {
      loss_timer_ = LossTimer::none;
      loss_at_ = kNever;
    }
  }
  return piece;
}

std::optional<Sender::Piece> Sender::next_tail_probe(Time now, const Limits& limits) {
  if (!outstanding()) return std::nullopt;
  auto mss = static_cast<uint16_t>(mss_ - limits.option_bytes);
  ++counters_.tail_probes;
  probe_.active = true;
  uint32_t available = std::min({unsent(), window_room(), uint32_t{mss}});
  if (available > 0) {
    probe_.retransmitted = false;
    Piece piece = send_new(now, available, false, mss);
    probe_.end = nxt_;
    retransmit_at_ = now + rtt_.rto(rto_max_);
    loss_at_ = kNever;
    loss_timer_ = LossTimer::none;
    return piece;
  }
  probe_.retransmitted = true;
  probe_.end = nxt_;
  ++counters_.retransmitted;
  SentRange tail = board_.resend_tail(mss + (fin_sent_ ? 1U : 0U), now);
  last_sent_ = now;
  return piece_of(tail.begin, tail.length, mss);
}

// How much of `available` unsent bytes may go now: by the peer's window, by congestion, and by
// the rules against silly windows (RFC 9293, section 3.8.6.2.1) and Nagle's (section 3.7.4).
uint32_t Sender::sendable(uint32_t available, const Limits& limits) const {
  uint32_t mss = mss_ - limits.option_bytes;
  uint32_t in_network = pipe();
  uint32_t allowed = congestion_.cwnd() > in_network ? congestion_.cwnd() - in_network : 0;
  if (in_network == 0) allowed = std::max(allowed, mss);
  uint32_t window = window_room();
  uint32_t length = std::min({available, window, std::max(limits.burst_bytes, mss)});
  if (length > allowed) length = whole_segments(allowed, mss);

  uint32_t whole = whole_segments(length, mss);
  if (whole == length) return length;
  if (length == available) {
    // The rest of the queue ends in a small segment.
    bool small_in_flight = before(una_, small_end_);
    return !limits.nagle || !small_in_flight || fin_queued_ ? length : whole;
  }
  if (whole > 0) return whole;
  bool worthwhile = length >= window_max_ / 2 || send_small_;
  return worthwhile ? length : 0;
}

std::optional<Sender::Piece> Sender::next_new(Time now, const Limits& limits) {
  uint32_t available = unsent();
  bool fin = fin_queued_ && !fin_sent_;
  if (available == 0 && !fin) return std::nullopt;
  if (board_.empty() && now - last_sent_ > rtt_.rto(rto_max_)) congestion_.on_idle();
  uint32_t length = sendable(available, limits);
  if (length < available) fin = false;
  if (fin && window_room() <= length) fin = false;
  if (length == 0 && !fin) return std::nullopt;
  send_small_ = false;
  window_probe_due_ = false;
  return send_new(now, length, fin, static_cast<uint16_t>(mss_ - limits.option_bytes));
}

Sender::Piece Sender::send_new(Time now, uint32_t length, bool fin, uint16_t mss) {
  bool was_idle = !outstanding();
  SeqNumber begin = nxt_;
  if (length % mss != 0) small_end_ = begin + length;
  uint32_t taken = length + (fin ? 1 : 0);
  board_.sent(begin, taken, now);
  nxt_ += taken;
  fin_sent_ = fin_sent_ || fin;
  counters_.bytes += length;
  prr_.on_sent(taken);
  last_sent_ = now;
  if (was_idle) {
    progress_ = now;
    retransmit_at_ = kNever;  // it was the persist timer
  }
  bool probing = loss_timer_ == LossTimer::tail_probe;
  if (retransmit_at_ == kNever && (probing || loss_timer_ == LossTimer::none)) {
    rearm(now, Duration::zero());
  }
  return piece_of(begin, taken, mss);
}

// Something is unsent, nothing is in flight, and the window forbids: only a probe can tell when
// that ends, as the peer's window update may be lost (RFC 9293, section 3.8.6.1).
void Sender::await_window(Time now) {
  bool waiting = unsent() > 0 || (fin_queued_ && !fin_sent_);
  if (outstanding() || !waiting || retransmit_at_ != kNever) return;
  retransmit_at_ = now + rtt_.rto(rto_max_);
}

std::string_view Sender::broken_invariant() const {
  if (!opened_) return "";
  if (!at_or_before(una_, nxt_)) return "una is beyond nxt";
  if (before(furthest_, nxt_) && outstanding()) return "more was sent than was ever offered";
  if (!board_.consistent(una_, nxt_)) return "the scoreboard does not fit";
  auto flight = static_cast<uint32_t>(distance(una_, nxt_));
  if (flight > queue_.size() + (fin_sent_ ? 1 : 0)) return "more is in flight than in the queue";
  bool timed = deadline() != kNever || tail_probe_due_ || board_.lost() > 0;
  return outstanding() && !timed ? "something in flight has no timer" : "";
}

}  // namespace ukstore::net
