#pragma once
// Congestion control: how much may be in flight (RFC 5681), by NewReno or CUBIC, with HyStart++
// to leave slow start before it overshoots.

#include <ukstore/libos/net/tcp/config.h>
#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/seq_number.h>
#include <cstdint>
#include <limits>
#include <variant>

namespace ukstore::net {

// Leaves slow start when the round-trip time grows (RFC 9406).
class HyStart {
 public:
  // One acknowledgment in slow start, with its round-trip sample if it had one. Returns by how
  // much to divide the growth: 1, or 4 in conservative slow start.
  uint32_t on_ack(SeqNumber una, SeqNumber nxt, Duration rtt);
  // Whether conservative slow start has lasted long enough to end slow start.
  bool done() const { return css_rounds_ >= 5; }

 private:
  bool started_ = false;
  uint8_t samples_ = 0;
  uint8_t css_rounds_ = 0;
  SeqNumber round_end_;
  Duration current_min_ = Duration::max();
  Duration last_min_ = Duration::max();
  Duration css_baseline_ = Duration::zero();  // zero: not in conservative slow start
};

// What is known of the path when a segment is lost.
struct PathState {
  Duration rtt_min;
  Duration srtt;
  uint32_t delivered = 0;  // bytes in rtt_min, at the rate that arrived lately
};

// Additive increase by one MSS a round trip, halving on loss (RFC 5681).
class NewReno {
 public:
  uint32_t grown(Time now, Duration srtt, uint32_t cwnd, uint32_t acked, uint32_t mss);
  uint32_t reduced(uint32_t cwnd, uint32_t mss, const PathState& path);
  void restart() { acked_ = 0; }

 private:
  uint32_t acked_ = 0;
};

// A cubic of the time since the last loss (RFC 9438).
class Cubic {
 public:
  uint32_t grown(Time now, Duration srtt, uint32_t cwnd, uint32_t acked, uint32_t mss);
  uint32_t reduced(uint32_t cwnd, uint32_t mss, const PathState& path);
  // The window did not come from the curve (a timeout, an idle time): start a new epoch.
  void restart() { epoch_ = kNever; }

 private:
  Time epoch_ = kNever;  // kNever: begins at the next growth
  // In segments, as the RFC has them; floats do, as windows are under 2^24 segments.
  float w_max_ = 0;
  float w_est_ = 0;
  float cwnd_prior_ = 0;
  float k_ = 0;         // seconds from the epoch to w_max
  float fraction_ = 0;  // growth owed, under one byte
};

// CUBIC's growth, and CUBIC's decrease if the round trips tell of a queue on the path. Without one
// a loss is no sign of congestion: the window becomes the path's measured rate times its smallest
// round trip (Westwood+, Grieco and Mascolo, 2004), which costs next to nothing. That the delay
// tells the two apart is from Veno (Fu and Liew, 2003); without it flows that share a bottleneck
// keep unequal shares, as each goes back to what it had.
class Westwood {
 public:
  uint32_t grown(Time now, Duration srtt, uint32_t cwnd, uint32_t acked, uint32_t mss) {
    return cubic_.grown(now, srtt, cwnd, acked, mss);
  }
  uint32_t reduced(uint32_t cwnd, uint32_t mss, const PathState& path);
  void restart() { cubic_.restart(); }

 private:
  Cubic cubic_;
};

// What the path delivers, by round trips: the largest of the recent ones, slowly forgotten.
class DeliveryRate {
 public:
  void on_delivered(Time now, SeqNumber una, SeqNumber nxt, uint32_t bytes);
  // Bytes delivered in `time` at that rate.
  uint32_t bytes_in(Duration time) const;

 private:
  SeqNumber round_end_;
  uint32_t round_bytes_ = 0;
  Time round_since_ = Time::min();
  float bytes_per_us_ = 0;
};

// The window and the slow start threshold, in bytes.
class Congestion {
 public:
  Congestion(CongestionControl kind, uint32_t mss, uint8_t initial_segments);

  uint32_t cwnd() const { return cwnd_; }
  uint32_t ssthresh() const { return ssthresh_; }
  bool slow_start() const { return cwnd_ < ssthresh_; }

  struct Ack {
    Time now;
    SeqNumber una;
    SeqNumber nxt;
    uint32_t bytes;  // newly delivered
    Duration rtt;    // of this acknowledgment, zero if it gave none
    Duration srtt;
  };
  // Data was acknowledged outside recovery while the window was what held the sender back.
  void on_ack(const Ack& ack);
  // Every acknowledgment that delivered something, in recovery or not.
  void on_delivered(Time now, SeqNumber una, SeqNumber nxt, uint32_t bytes) {
    rate_.on_delivered(now, una, nxt, bytes);
  }
  // A loss without timeout: lowers ssthresh. cwnd follows by PRR.
  void on_loss(Duration rtt_min, Duration srtt);
  void on_timeout(uint32_t mss);
  // Recovery steers the window itself (RFC 6937).
  void set_cwnd(uint32_t bytes) { cwnd_ = bytes; }
  void leave_recovery() { cwnd_ = ssthresh_; }
  // Nothing was sent for over an RTO: what we knew of the path is old (RFC 5681, section 4.1).
  void on_idle();
  // The path takes smaller segments than we thought.
  void set_mss(uint32_t mss);

 private:
  uint32_t cwnd_;
  uint32_t ssthresh_ = std::numeric_limits<uint32_t>::max();
  uint32_t mss_;
  uint32_t initial_window_;
  HyStart hystart_;
  DeliveryRate rate_;
  std::variant<NewReno, Cubic, Westwood> algorithm_;
};

}  // namespace ukstore::net
