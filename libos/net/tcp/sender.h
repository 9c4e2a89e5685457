#pragma once
// The sending half of a connection: the send queue, the peer's window, and loss recovery.
//
// Invariants between calls, once open (broken_invariant() checks them):
//  1. una <= nxt <= una + the furthest the peer's window ever reached.
//  2. The scoreboard covers exactly [una, nxt).
//  3. The queue's first byte is the one at una, unless only a FIN is unacknowledged.
//  4. Something unacknowledged has a timer.

#include <ukstore/libos/net/buf/byte_queue.h>
#include <ukstore/libos/net/tcp/config.h>
#include <ukstore/libos/net/tcp/congestion.h>
#include <ukstore/libos/net/tcp/prr.h>
#include <ukstore/libos/net/tcp/rack.h>
#include <ukstore/libos/net/tcp/rtt.h>
#include <ukstore/libos/net/tcp/scoreboard.h>
#include <ukstore/libos/net/time.h>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ukstore::net {

class Sender {
 public:
  explicit Sender(const Config& config);

  // --- The queue ------------------------------------------------------------------------------

  ByteQueue& queue() { return queue_; }
  const ByteQueue& queue() const { return queue_; }
  size_t room() const;
  void queue_fin() { fin_queued_ = true; }
  bool fin_queued() const { return fin_queued_; }
  bool fin_acknowledged() const { return fin_sent_ && una_ == nxt_; }
  bool idle() const { return una_ == nxt_ && queue_.empty() && fin_queued_ == fin_sent_; }
  void drop_everything();

  // --- Opening --------------------------------------------------------------------------------

  struct Start {
    SeqNumber first;     // of the first data byte
    uint16_t mss;        // payload of a full segment, constant options already deducted
    uint32_t window;     // the peer's, scaled
    SeqNumber peer_seq;  // of the segment that told it
    bool sack;
  };
  void open(Time now, const Start& start);
  // The handshake's round trip; nullopt if Karn's rule forbids the sample. `repeated`: the SYN
  // or SYN-ACK had to be sent again.
  enum class Handshake : uint8_t { clean, repeated };
  void on_handshake(Time now, std::optional<Duration> rtt, Handshake handshake);

  // --- Acknowledgments ------------------------------------------------------------------------

  struct Ack {
    SeqNumber seq;  // of the segment
    SeqNumber ack;  // una - max_window <= ack <= nxt: the caller checked
    uint32_t window;
    SackBlocks sack;
    Time echo_sent = Time::min();  // when the segment was sent that TSecr names
    bool pure = false;             // no payload, no FIN: may count as a duplicate
  };
  void on_ack(Time now, const Ack& ack);

  // --- Sending --------------------------------------------------------------------------------

  struct Limits {
    uint32_t burst_bytes;   // the largest payload of one plan, at least one segment
    uint16_t option_bytes;  // taken from every frame besides the constant options
    bool nagle;
  };
  struct Piece {
    SeqNumber seq;
    uint32_t offset = 0;  // in the queue
    uint32_t length = 0;  // payload
    uint16_t mss = 0;     // payload of one frame
    bool fin = false;
    bool push = false;
  };
  // What to send next; it counts as sent. A window probe is a piece without payload before una.
  std::optional<Piece> next(Time now, const Limits& limits);

  // --- Time -----------------------------------------------------------------------------------

  void on_time(Time now);
  Time deadline() const { return std::min(retransmit_at_, loss_at_); }
  // Since when the peer owes us progress; kNever if it does not.
  Time waiting_since() const { return idle() || !opened_ ? kNever : progress_; }
  bool outstanding() const { return una_ != nxt_; }
  bool opened() const { return opened_; }

  void on_path_mss(Time now, uint16_t mss);

  SeqNumber una() const { return una_; }
  SeqNumber nxt() const { return nxt_; }
  uint32_t window() const { return window_; }
  uint32_t window_max() const { return window_max_; }
  uint16_t mss() const { return mss_; }
  const Rtt& rtt() const { return rtt_; }
  const Congestion& congestion() const { return congestion_; }
  std::string_view broken_invariant() const;

  struct Counters {
    uint64_t bytes = 0;
    uint32_t retransmitted = 0;
    uint32_t timeouts = 0;
    uint32_t tail_probes = 0;
    uint32_t spurious = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  // loss_recovery: after a timeout, or when the path's MTU fell: all in flight is sent anew.
  enum class Phase : uint8_t { open, fast_recovery, loss_recovery };
  enum class LossTimer : uint8_t { none, reordering, tail_probe };

  // acknowledgment.cc
  bool update_window(Time now, const Ack& ack);
  bool take_dsack(const Ack& ack);
  void take_rtt(Time now, const Ack& ack, const Delivery& delivery);
  void count_duplicate(const Ack& ack, bool advanced, bool window_changed, Delivery& delivery);
  void answer_probe(const Ack& ack, bool dsack, const Delivery& delivery);
  void recover(Time now, const Delivery& delivery, bool advanced, uint32_t pipe_before);
  void grow(Time now, const Delivery& delivery);

  // loss_recovery.cc
  void enter_fast_recovery(uint32_t flight);
  void leave_recovery();
  void on_retransmission_timeout(Time now);
  void rearm(Time now, Duration reordering);
  Duration probe_timeout() const;
  uint32_t pipe() const;

  // sender.cc
  std::optional<Piece> next_retransmission(Time now, const Limits& limits);
  std::optional<Piece> next_tail_probe(Time now, const Limits& limits);
  std::optional<Piece> next_new(Time now, const Limits& limits);
  uint32_t sendable(uint32_t available, const Limits& limits) const;
  Piece send_new(Time now, uint32_t length, bool fin, uint16_t mss);
  Piece piece_of(SeqNumber begin, uint32_t length, uint16_t mss) const;
  void await_window(Time now);
  uint32_t unsent() const;
  uint32_t window_room() const;

  ByteQueue queue_;
  Scoreboard board_;
  Congestion congestion_;
  Rtt rtt_;
  Rack rack_;
  TailProbe probe_;
  Prr prr_;
  Counters counters_;

  SeqNumber una_;
  SeqNumber nxt_;
  uint32_t window_ = 0;
  uint32_t window_max_ = 0;
  SeqNumber window_seq_;  // SND.WL1
  SeqNumber window_ack_;  // SND.WL2
  SeqNumber small_end_;   // of the last segment sent that was not full
  SeqNumber furthest_;    // the right edge of the window, furthest ever
  SeqNumber recover_;     // recovery ends when this is acknowledged
  SeqNumber rtt_mark_;    // one sample a round trip: the next when this is acknowledged
  SeqNumber highest_delivered_;
  uint32_t flight_peak_ = 0;       // the most in flight at an acknowledgment of this round trip
  SeqNumber flight_until_;         // that round trip ends when this is acknowledged
  uint32_t duplicates_bytes_ = 0;  // without SACK: what duplicate ACKs say has left the network
  uint32_t buffer_bytes_;
  uint16_t mss_ = 536;
  uint8_t duplicates_ = 0;
  uint8_t initial_segments_;
  CongestionControl kind_;
  Phase phase_ = Phase::open;
  LossTimer loss_timer_ = LossTimer::none;
  bool sack_ = false;
  bool opened_ = false;
  bool fin_queued_ = false;
  bool fin_sent_ = false;
  bool tail_probe_due_ = false;
  bool window_probe_due_ = false;
  bool send_small_ = false;  // the persist timer overrides the silly-window rule once

  Time retransmit_at_ = kNever;  // RTO, or the persist timer if nothing is in flight
  Time loss_at_ = kNever;
  Time last_sent_ = Time::min();
  Time progress_ = Time::min();
  Milliseconds rto_min_;
  Milliseconds rto_max_;
};

}  // namespace ukstore::net
