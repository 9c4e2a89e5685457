#pragma once
// The receiving half of a connection: reassembly, the window we offer, and when to acknowledge.
//
// Invariants between calls (broken_invariant() checks them):
//  1. nxt <= edge: the right edge of the offered window never moves left.
//  2. What waits in the reassembly queue lies within (nxt, edge).
//  3. last acknowledged <= nxt.

#include <ukstore/libos/net/buf/byte_queue.h>
#include <ukstore/libos/net/tcp/config.h>
#include <ukstore/libos/net/tcp/reassembly.h>
#include <ukstore/libos/net/time.h>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ukstore::net {

class Receiver {
 public:
  explicit Receiver(const Config& config);

  struct Start {
    SeqNumber next;           // the first byte expected
    uint16_t offered_window;  // as our SYN or SYN-ACK said it
    uint8_t window_shift;     // of the windows we offer from now on
  };
  void open(const Start& start);

  // --- Segments -------------------------------------------------------------------------------

  // The checks of RFC 9293, table 6.
  bool acceptable(SeqNumber seq, uint32_t length) const;
  // Payload of an acceptable segment, and whether its FIN follows. What lies outside the window
  // is trimmed. Returns whether the stream's end was reached.
  bool on_data(Time now, SeqNumber seq, Buf payload, bool fin);
  // A segment was not acceptable, though it carried bytes: report those we hold (RFC 2883).
  void on_duplicate(SeqNumber seq, uint32_t length);

  // --- The application ------------------------------------------------------------------------

  const ByteQueue& queue() const { return queue_; }
  size_t read(Time now, std::span<std::byte> out, Duration round_trip);
  void consume(Time now, size_t bytes, Duration round_trip);
  // Nobody reads any more: forget what waits.
  void discard();
  bool discarding() const { return discarding_; }
  void set_limit_max(uint32_t bytes);

  // --- Acknowledging --------------------------------------------------------------------------

  void acknowledge_now() { ack_now_ = true; }
  bool ack_due(Time now) const;
  bool wants_flush() const;
  Time ack_deadline() const { return ack_at_; }
  // The window field for a segment about to go out; moves the edge.
  uint16_t offer();
  // The blocks for it, DSACK first, at most `count`.
  SackBlocks blocks(size_t count) const;
  // It went out: a DSACK is reported once.
  void acknowledged();

  SeqNumber nxt() const { return nxt_; }
  SeqNumber edge() const { return edge_; }
  SeqNumber last_acknowledged() const { return last_acknowledged_; }
  bool fin_received() const { return fin_received_; }
  size_t held_bytes() const { return queue_.held_bytes() + reassembly_.held_bytes(); }
  uint32_t limit() const { return limit_; }
  uint64_t received_bytes() const { return received_; }
  std::string_view broken_invariant() const;

 private:
  uint32_t window() const { return static_cast<uint32_t>(distance(nxt_, edge_)); }
  // The edge that the free space would allow, not left of the present one.
  SeqNumber possible_edge() const;
  bool update_worthwhile() const;
  void advance(uint32_t bytes);
  void note_segment_size(uint32_t payload);
  void tune(Time now, size_t consumed, Duration round_trip);

  ByteQueue queue_;
  Reassembly reassembly_;
  SeqNumber nxt_;
  SeqNumber edge_;
  SeqNumber last_acknowledged_;
  SeqNumber fin_;
  std::optional<SackBlock> dsack_;
  uint64_t received_ = 0;
  uint32_t limit_;
  uint32_t limit_max_;
  Time ack_at_ = kNever;
  Milliseconds delay_;
  Time tuning_since_ = Time::min();
  uint64_t tuning_consumed_ = 0;
  uint16_t mss_;
  uint16_t peer_segment_ = 0;  // the largest payload seen, at most mss_
  uint8_t shift_ = 0;
  bool fin_known_ = false;
  bool fin_received_ = false;
  bool ack_now_ = false;
  bool discarding_ = false;
};

}  // namespace ukstore::net
