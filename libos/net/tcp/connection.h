#pragma once
// One TCP connection as a pure state machine (RFC 9293).
//
// Segments, time and the application's calls go in; each only changes state. Then the caller
// asks next_segment() until it has nothing more to send, and deadline() for when to come back:
//
//   connection.on_segment(now, segment);           // as many as the batch of frames held
//   while (auto plan = connection.next_segment(now, caps)) send(*plan);
//   if (connection.readable_bytes() > 0) ...       // flags, read after the call
//   wake_at(connection.deadline());
//
// A connection knows no device, clock, address or callback. It does own its buffers.
//
// Call next_segment() at the end of a batch, not after each segment: that is what makes one
// acknowledgment answer a whole batch. Within a long batch call it whenever wants_flush() says so.

#include <ukstore/libos/net/buf/byte_queue.h>
#include <ukstore/libos/net/dev/caps.h>
#include <ukstore/libos/net/tcp/config.h>
#include <ukstore/libos/net/tcp/opening.h>
#include <ukstore/libos/net/tcp/receiver.h>
#include <ukstore/libos/net/tcp/segment.h>
#include <ukstore/libos/net/tcp/sender.h>
#include <ukstore/libos/net/tcp/time_wait.h>
#include <ukstore/libos/net/time.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace ukstore::net {

// LISTEN is a Listener and a passive SYN-RECEIVED a record in it; syn_received here comes from a
// simultaneous open. In time_wait the connection only waits to be replaced by time_wait_record().
enum class State : uint8_t {
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
  closed,
};

// Why a connection ended before its time.
enum class Failure : uint8_t {
  none,
  refused,      // an RST answered our SYN
  reset,        // an RST came, or data for a closed reader was answered with one
  timed_out,    // nothing was acknowledged for the user timeout, or keepalive found nobody
  unreachable,  // ICMP said so while we were connecting
  aborted,      // on_abort()
};

class Connection {
 public:
  // An active open. The SYN is the first plan of next_segment(). `iss` as
  // initial_sequence_number() makes it, `ts_offset` as timestamp_offset() does.
  static Connection connect(Time now, const Config& config, SeqNumber iss, uint32_t ts_offset);

  // A passive open that a Listener has brought to its end. Hand it the segment that ended it.
  static Connection accepted(Time now, const Config& config, const Opening& opening);

  // --- What happens ---------------------------------------------------------------------------

  void on_segment(Time now, const SegmentView& segment);
  // Time has passed. Cheap before deadline(), where it changes nothing.
  void on_time(Time now);

  // --- What the application does --------------------------------------------------------------

  // Queues a copy of the first bytes of `bytes` and returns how many; fewer than offered means
  // that the send buffer is full until writable_bytes() is positive again. 0 after
  // on_shutdown_write, on_close or a failure.
  size_t on_write(Time now, std::span<const std::byte> bytes);
  // The same without copying, all or nothing: false if not all of `buf` fits.
  bool on_write(Time now, const Buf& buf);

  // Takes bytes that arrived in order; 0 if there are none. May open the window.
  size_t on_read(Time now, std::span<std::byte> out);
  // The first contiguous bytes that on_read would give, without taking them.
  std::span<const std::byte> peek() const;
  // Takes `bytes` (at most readable_bytes()) that were looked at with peek().
  void on_consume(Time now, size_t bytes);

  // No more will be written: FIN follows what is queued. Reading goes on (half-close).
  void on_shutdown_write(Time now);
  // No more will be read: unread and later bytes are thrown away; the peer is told with an RST
  // if it sends more (RFC 9293, section 3.6.1). Writing goes on.
  void on_shutdown_read(Time now);
  // Neither reads nor writes any more. With unread bytes this is a reset (RFC 2525, 2.17);
  // otherwise what is queued is still delivered, and the state frees itself in bounded time.
  void on_close(Time now);
  // RST now; queued bytes are lost.
  void on_abort(Time now);

  void set_nagle(Feature nagle);
  void set_keepalive(Time now, Feature keepalive, Duration idle, Duration interval, uint8_t probes);
  void set_user_timeout(Time now, Duration timeout);

  // --- What the network layer says ------------------------------------------------------------

  // An ICMP "too big" quoted our segment `quoted`: the path takes `mss` payload bytes (without
  // options). Ignored if `quoted` is not in flight (RFC 5927, section 7.2) or mss is no smaller.
  void on_path_mss(Time now, SeqNumber quoted, uint16_t mss);
  // An ICMP error quoted our segment `quoted`. Ends a connection that is not yet open; later it
  // is only remembered for last_soft_error() (RFC 1122, 4.2.3.9; RFC 5927).
  void on_unreachable(Time now, SeqNumber quoted);

  // --- What the stack asks --------------------------------------------------------------------

  // The next segment to send at `now`, or nullopt. Call it until nullopt: it ends, as every plan
  // takes up window, or clears what asked for it.
  std::optional<SegmentPlan> next_segment(Time now, const Caps& caps);
  // The bytes of `plan`, in order, written to `pieces`: returns how many, or 0 if `pieces` is
  // too small for them. Valid until the next call that is not const.
  size_t gather(const SegmentPlan& plan, std::span<std::span<const std::byte>> pieces) const;

  // When on_time (and then next_segment) must be called at the latest; kNever if only a segment
  // or the application can change anything. May move in both directions with every call.
  Time deadline() const;
  // Enough arrived since the last acknowledgment that the peer's clock wants one inside a batch.
  bool wants_flush() const;

  // Once state() is time_wait: what to keep instead of the connection.
  TimeWait time_wait_record() const;

  // The most bytes the receive buffer may grow to from now on. What was offered stays offered.
  void set_receive_buffer_max(uint32_t bytes);

  // --- Flags ----------------------------------------------------------------------------------

  State state() const;
  Failure failure() const;
  // The connection is over and holds nothing more for the network: free it once it is read out.
  bool finished() const;
  size_t readable_bytes() const;
  // All that the peer sent has been read, and it has closed its side (or the connection failed).
  bool end_of_stream() const;
  // Room that on_write finds.
  size_t writable_bytes() const;
  // Bytes written and not yet acknowledged.
  size_t unacknowledged_bytes() const;
  // Memory held by buffers, whole chunks counted: what a budget is charged.
  size_t held_bytes() const;
  bool last_soft_error() const;

  struct Statistics {
    uint64_t bytes_sent = 0;  // payload, first time only
    uint64_t bytes_received = 0;
    uint32_t segments_retransmitted = 0;
    uint32_t timeouts = 0;  // retransmission timer expiries
    uint32_t tail_probes = 0;
    uint32_t spurious_retransmissions = 0;  // by DSACK
  };
  Statistics statistics() const;
  // Which invariant of Sender or Receiver is broken; empty if all hold. For tests.
  std::string_view broken_invariant() const;
  const Sender& sender() const { return sender_; }
  const Receiver& receiver() const { return receiver_; }

 private:
  Connection(const Config& config, State state);

  // arrival.cc: the checks of RFC 9293, section 3.10.7, in its order
  void on_syn_sent(Time now, const SegmentView& segment);
  void on_syn_ack(Time now, const TcpHeader& header);
  void on_synchronized(Time now, const SegmentView& segment);
  bool passes_timestamps(Time now, const SegmentView& segment);
  bool passes_sequence(Time now, const SegmentView& segment);
  bool passes_reset_and_syn(Time now, const TcpHeader& header);
  bool passes_acknowledgment(Time now, const SegmentView& segment);
  void on_payload(Time now, const SegmentView& segment);
  void on_fin(Time now);
  void challenge(Time now);
  void negotiate(Time now, const TcpHeader& syn);
  void establish(Time now, const TcpHeader& header);

  // transmission.cc
  TcpHeader header_at(Time now, SeqNumber seq);
  std::optional<SegmentPlan> next_opening(Time now);
  SegmentPlan reset_plan();
  SegmentPlan data_plan(Time now, const Sender::Piece& piece, const SackBlocks& blocks);
  uint16_t payload_mss() const;

  // lifetime.cc
  void fail(Failure failure);
  void enter_time_wait(Time now);
  void begin_close();
  void await_peer_fin(Time now);
  Time give_up_at() const;
  Time keepalive_at() const;
  void on_keepalive_time(Time now);
  uint32_t timestamp(Time now) const;

  Config config_;
  Sender sender_;
  Receiver receiver_;

  State state_;
  Failure failure_ = Failure::none;

  // The handshake, and what it agreed on.
  SeqNumber iss_;
  SeqNumber irs_;
  Time opened_at_{};
  Time syn_at_ = kNever;  // when to send the SYN or SYN-ACK again
  Time syn_sent_ = kNever;
  uint16_t peer_mss_ = 0;
  uint8_t syn_tries_ = 0;
  uint8_t peer_shift_ = 0;
  uint8_t own_shift_ = 0;
  bool peer_scales_ = false;
  bool sack_ = false;
  bool timestamps_ = false;
  bool syn_due_ = false;

  uint32_t ts_offset_ = 0;
  uint32_t ts_recent_ = 0;
  Time ts_recent_at_{};

  // Answers owed.
  bool reset_due_ = false;
  std::optional<SeqNumber> reset_reply_;  // an RST for a segment that made no sense while opening
  bool keepalive_due_ = false;

  // Nobody reads (or neither reads nor writes) any more.
  bool closed_by_owner_ = false;
  bool soft_error_ = false;
  uint8_t keepalive_tries_ = 0;
  uint8_t challenges_ = 0;  // sent since challenges_since_
  Time challenges_since_ = Time::min();
  Time heard_at_{};        // when the last acceptable segment came
  Time expires_ = kNever;  // FIN-WAIT-2 of a closed owner
  Time time_wait_since_{};
};

std::string_view to_string(State state);
std::string_view to_string(Failure failure);

}  // namespace ukstore::net
