#pragma once
// Losses by time: RACK (RFC 8985, section 6), and tail loss probes (section 7).

#include <ukstore/libos/net/tcp/scoreboard.h>
#include <ukstore/libos/net/time.h>
#include <algorithm>
#include <cstdint>

namespace ukstore::net {

// What is lost, by what was delivered since. The reordering window is a quarter of the smallest
// round trip from the start: unlike RFC 8985 we do not count three duplicates as a loss while
// no reordering was seen yet, as the wait is short and reordering then costs nothing.
class Rack {
 public:
  // Takes note of what an acknowledgment delivered.
  void on_delivery(const Delivery& delivery, Time now) {
    if (!delivery.usable) return;
    if (known() && !sent_after(delivery.newest_sent, delivery.newest_end, sent_, end_)) return;
    sent_ = delivery.newest_sent;
    end_ = delivery.newest_end;
    rtt_ = now - sent_;
  }
  bool known() const { return sent_ != Time::min(); }

  // A DSACK says that we sent too early: wait longer, once a round trip, for 16 recoveries.
  void on_dsack(SeqNumber una, SeqNumber nxt) {
    if (widened_ && before(una, round_end_)) return;
    widened_ = true;
    round_end_ = nxt;
    quarters_ = static_cast<uint8_t>(std::min(quarters_ + 1, 255));
    persist_ = 16;
  }
  void on_recovered() {
    if (persist_ > 0 && --persist_ == 0) quarters_ = 1;
  }

  Duration reordering_window(Duration rtt_min, Duration srtt) const {
    return std::min(quarters_ * rtt_min / 4, srtt);
  }

  // Marks losses; returns how long until the last of the others would be one, zero if none.
  Duration detect(Time now, Scoreboard& scoreboard, Duration rtt_min, Duration srtt) const {
    if (!known()) return Duration::zero();
    Duration wait = rtt_ + reordering_window(rtt_min, srtt);
    return scoreboard.detect_losses(now, sent_, end_, wait);
  }

 private:
  Time sent_ = Time::min();  // of the most recently sent segment that was delivered
  SeqNumber end_;
  Duration rtt_{};
  SeqNumber round_end_;
  bool widened_ = false;
  uint8_t quarters_ = 1;
  uint8_t persist_ = 0;
};

// Whether a probe is out, and what its answer means.
struct TailProbe {
  bool active = false;
  bool retransmitted = false;  // it repeated the last segment, rather than sent a new one
  SeqNumber end;               // SND.NXT after it
};

}  // namespace ukstore::net
