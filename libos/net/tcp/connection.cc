// The application's side of a connection, and its flags.

#include <ukstore/libos/net/tcp/connection.h>

#include <ukstore/libos/net/tcp/mss.h>
#include <ukstore/libos/net/tcp/window_scale.h>
#include <algorithm>
#include <cassert>

namespace ukstore::net {

Connection::Connection(const Config& config, State state)
    : config_(config), sender_(config), receiver_(config), state_(state) {}

Connection Connection::connect(Time now, const Config& config, SeqNumber iss, uint32_t ts_offset) {
  Connection connection(config, State::syn_sent);
  connection.iss_ = iss;
  connection.ts_offset_ = ts_offset;
  connection.opened_at_ = connection.heard_at_ = now;
  connection.syn_due_ = true;
  if (config.window_scaling == Feature::on) {
    connection.own_shift_ = window_shift_for(config.receive_buffer_bytes_max);
  }
  return connection;
}

Connection Connection::accepted(Time now, const Config& config, const Opening& opening) {
  Connection connection(config, State::established);
  connection.iss_ = opening.iss;
  connection.irs_ = opening.irs;
  connection.ts_offset_ = opening.ts_offset;
  connection.ts_recent_ = opening.ts_recent;
  connection.ts_recent_at_ = connection.opened_at_ = connection.heard_at_ = now;
  connection.peer_mss_ = opening.peer_mss;
  connection.peer_scales_ = opening.peer_window_shift.has_value();
  connection.peer_shift_ = std::min(opening.peer_window_shift.value_or(0), kWindowShiftMax);
  connection.own_shift_ = connection.peer_scales_ ? opening.own_window_shift : 0;
  connection.sack_ = opening.sack;
  connection.timestamps_ = opening.timestamps;
  connection.receiver_.open({.next = opening.irs + 1,
                             .offered_window = opening.offered_window,
                             .window_shift = connection.own_shift_});
  // The window comes with the segment that the caller hands over next.
  connection.sender_.open(now, {.first = opening.iss + 1,
                                .mss = connection.payload_mss(),
                                .window = 0,
                                .peer_seq = opening.irs,
                                .sack = opening.sack});
  std::optional<Duration> rtt;
  if (opening.syn_ack_sent != kNever) rtt = now - opening.syn_ack_sent;
  connection.sender_.on_handshake(
      now, rtt,
      opening.syn_ack_retransmitted ? Sender::Handshake::repeated : Sender::Handshake::clean);
  return connection;
}

uint16_t Connection::payload_mss() const {
  return static_cast<uint16_t>(std::min(peer_mss_, config_.mss) - (timestamps_ ? 12 : 0));
}

// --- Calls ------------------------------------------------------------------------------------

size_t Connection::on_write(Time, std::span<const std::byte> bytes) {
  size_t count = std::min(bytes.size(), writable_bytes());
  sender_.queue().append(bytes.first(count));
  return count;
}

bool Connection::on_write(Time, const Buf& buf) {
  if (buf.size() > writable_bytes()) return false;
  sender_.queue().append(buf);
  return true;
}

size_t Connection::on_read(Time now, std::span<std::byte> out) {
  return receiver_.read(now, out, sender_.rtt().srtt());
}

std::span<const std::byte> Connection::peek() const { return receiver_.queue().front(); }

void Connection::on_consume(Time now, size_t bytes) {
  receiver_.consume(now, bytes, sender_.rtt().srtt());
}

void Connection::on_shutdown_write(Time) { begin_close(); }

void Connection::on_shutdown_read(Time) { receiver_.discard(); }

void Connection::on_close(Time now) {
  closed_by_owner_ = true;
  bool unread = receiver_.queue().size() > 0;
  receiver_.discard();
  if (state_ == State::syn_sent) return fail(Failure::aborted);
  if (unread && state_ != State::closed && state_ != State::time_wait) {
    // The peer must not believe that this was read.
    fail(Failure::aborted);
    reset_due_ = true;
    return;
  }
  begin_close();
  await_peer_fin(now);
}

void Connection::on_abort(Time) {
  if (state_ == State::closed) return;
  bool synchronized = state_ != State::syn_sent && state_ != State::time_wait;
  fail(Failure::aborted);
  reset_due_ = synchronized;
}

void Connection::set_nagle(Feature nagle) { config_.nagle = nagle; }

void Connection::set_keepalive(Time now, Feature keepalive, Duration idle, Duration interval,
                               uint8_t probes) {
  config_.keepalive = keepalive;
  config_.keepalive_idle = std::chrono::duration_cast<Milliseconds>(idle);
  config_.keepalive_interval = std::chrono::duration_cast<Milliseconds>(interval);
  config_.keepalive_probes = probes;
  keepalive_tries_ = 0;
  heard_at_ = std::max(heard_at_, now);
}

void Connection::set_user_timeout(Time, Duration timeout) {
  config_.user_timeout = std::chrono::duration_cast<Milliseconds>(timeout);
}

void Connection::set_receive_buffer_max(uint32_t bytes) { receiver_.set_limit_max(bytes); }

// --- The network layer ------------------------------------------------------------------------

void Connection::on_path_mss(Time now, SeqNumber quoted, uint16_t mss) {
  if (state_ == State::syn_sent || state_ == State::closed) return;
  if (!at_or_before(sender_.una(), quoted) || !before(quoted, sender_.nxt())) return;
  config_.mss = std::min(config_.mss, std::max(mss, kMssMin));
  sender_.on_path_mss(now, payload_mss());
}

void Connection::on_unreachable(Time, SeqNumber quoted) {
  if (state_ == State::syn_sent || state_ == State::syn_received) {
    if (quoted == iss_) fail(Failure::unreachable);
  } else if (at_or_before(sender_.una(), quoted) && before(quoted, sender_.nxt())) {
    soft_error_ = true;
  }
}

// --- Flags ------------------------------------------------------------------------------------

State Connection::state() const { return state_; }
Failure Connection::failure() const { return failure_; }

bool Connection::finished() const {
  return state_ == State::closed && !reset_due_ && !reset_reply_;
}

size_t Connection::readable_bytes() const { return receiver_.queue().size(); }

bool Connection::end_of_stream() const {
  return receiver_.queue().empty() && (receiver_.fin_received() || state_ == State::closed);
}

size_t Connection::writable_bytes() const {
  bool open = state_ == State::established || state_ == State::close_wait ||
              state_ == State::syn_sent || state_ == State::syn_received;
  return open && !sender_.fin_queued() ? sender_.room() : 0;
}

size_t Connection::unacknowledged_bytes() const { return sender_.queue().size(); }

size_t Connection::held_bytes() const {
  return sender_.queue().held_bytes() + receiver_.held_bytes();
}

bool Connection::last_soft_error() const { return soft_error_; }

Connection::Statistics Connection::statistics() const {
  const Sender::Counters& sent = sender_.counters();
  return {.bytes_sent = sent.bytes,
          .bytes_received = receiver_.received_bytes(),
          .segments_retransmitted = sent.retransmitted,
          .timeouts = sent.timeouts,
          .tail_probes = sent.tail_probes,
          .spurious_retransmissions = sent.spurious};
}

std::string_view Connection::broken_invariant() const {
  std::string_view broken = sender_.broken_invariant();
  return broken.empty() ? receiver_.broken_invariant() : broken;
}

std::string_view to_string(State state) {
  constexpr std::string_view kNames[] = {"SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
                                         "FIN-WAIT-2", "CLOSE-WAIT",   "CLOSING",     "LAST-ACK",
                                         "TIME-WAIT",  "CLOSED"};
  return kNames[static_cast<size_t>(state)];
}

std::string_view to_string(Failure failure) {
  constexpr std::string_view kNames[] = {"none",      "refused",     "reset",
                                         "timed out", "unreachable", "aborted"};
  return kNames[static_cast<size_t>(failure)];
}

}  // namespace ukstore::net
