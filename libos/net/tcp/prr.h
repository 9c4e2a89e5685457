#pragma once
// Proportional rate reduction (RFC 6937): how much recovery may send for each delivery.

#include <algorithm>
#include <cstdint>

namespace ukstore::net {

// From the loss to its repair the window goes evenly from what was in flight to ssthresh.
class Prr {
 public:
  void enter(uint32_t flight_bytes) {
    flight_ = std::max(flight_bytes, 1U), delivered_ = 0, out_ = 0;
  }
  void on_sent(uint32_t bytes) { out_ += bytes; }

  // The window after `delivered` more bytes arrived, with `pipe` still in flight.
  uint32_t window(uint32_t pipe, uint32_t delivered, uint32_t ssthresh, uint32_t mss) {
    delivered_ += delivered;
    uint32_t allowed;
    if (pipe > ssthresh) {
      uint64_t share = (uint64_t{delivered_} * ssthresh + flight_ - 1) / flight_;
      allowed = static_cast<uint32_t>(share) - std::min(out_, static_cast<uint32_t>(share));
    } else {
      // Slow start reduction bound: catch up with ssthresh, but no faster than slow start.
      uint32_t owed = delivered_ - std::min(out_, delivered_);
      allowed = std::min(ssthresh - pipe, std::max(owed, delivered) + mss);
    }
    if (out_ == 0) allowed = std::max(allowed, mss);  // the first retransmission goes at once
    return pipe + allowed;
  }

 private:
  uint32_t flight_ = 1;
  uint32_t delivered_ = 0;
  uint32_t out_ = 0;
};

}  // namespace ukstore::net
