#pragma once
// The round-trip time and the retransmission timeout (RFC 6298).

#include <ukstore/libos/net/time.h>
#include <algorithm>

namespace ukstore::net {

class Rtt {
 public:
  // Takes a sample that Karn's rule allows. Clears the backoff.
  void sample(Time now, Duration rtt, Duration rto_min);
  // A sample for min() and latest() alone: several may come in one round trip.
  void observe(Time now, Duration rtt);

  bool sampled() const { return srtt_ > Duration::zero(); }
  Duration srtt() const { return srtt_; }
  // The smallest of the last 5 to 10 seconds or so; zero before the first.
  Duration min() const { return sampled() ? std::min(min_, min_before_) : Duration::zero(); }
  Duration latest() const { return latest_; }

  // SRTT + max(rto_min, 4 RTTVAR), doubled for each backoff, at most `rto_max`. RFC 6298 would
  // have it at least 1 s; like Linux we put the floor under the variance term instead.
  Duration rto(Duration rto_max) const;
  void back_off() {
    if (backoff_ < 16) ++backoff_;
  }
  void clear_backoff() { backoff_ = 0; }
  // The SYN had to be sent again: start data with 3 s until there is a sample (section 5.7).
  void on_syn_timeout() { base_ = std::chrono::seconds(3); }

 private:
  Duration srtt_{};
  Duration rttvar_{};
  Duration latest_{};
  Duration min_ = Duration::max();         // of the current five seconds
  Duration min_before_ = Duration::max();  // of the five before
  Time min_since_{};
  Duration base_ = std::chrono::seconds(1);
  uint8_t backoff_ = 0;
};

}  // namespace ukstore::net
