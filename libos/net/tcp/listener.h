#pragma once
// The passive open: SYN-RECEIVED as compact records in a bounded queue, and SYN cookies when
// the queue is full (RFC 4987).
//
// A connection exists only once the peer has shown, by acknowledging our SYN-ACK, that it is
// where it says it is.

#include <ukstore/libos/net/tcp/config.h>
#include <ukstore/libos/net/tcp/opening.h>
#include <ukstore/libos/net/tcp/segment.h>
#include <ukstore/libos/net/tcp/tuple.h>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace ukstore::net {

// One peer that has sent a SYN and not yet acknowledged our SYN-ACK.
struct SynReceived {
  Opening opening;
  Time retransmit_at;
  uint8_t retransmissions = 0;
};

// Whether the application has room for one more connection that it has not accepted yet.
enum class AcceptRoom : uint8_t { free, full };
enum class SynCookies : uint8_t { when_full, never };

class Listener {
 public:
  struct Options {
    Config config;  // what its connections are born with
    uint32_t syn_queue_max = 256;
    SynCookies cookies = SynCookies::when_full;
  };

  Listener(Options options, SecretKey key);

  // What a segment led to. At most one of the two is set. If `opening` is, the caller makes a
  // Connection from it and hands it the same segment, which may carry data.
  struct Answer {
    std::optional<TcpHeader> reply;  // ports 0, no payload
    std::optional<Opening> opening;
  };

  // Takes a segment whose tuple has neither a connection nor a TIME-WAIT record. The caller has
  // dropped those to or from a broadcast or multicast address (RFC 9293, MUST-57).
  // `room` full: the last step of the handshake is ignored, so that the peer tries it again.
  Answer on_segment(Time now, const Tuple& tuple, const SegmentView& segment, AcceptRoom room);

  // SYN-ACKs due for another try; call until nullopt once deadline() has come. Records that
  // were tried five times are dropped.
  struct Reply {
    Tuple tuple;
    TcpHeader header;  // ports 0
  };
  std::optional<Reply> next_reply(Time now);
  Time deadline() const { return deadline_; }

  size_t half_open() const { return queue_.size(); }
  const Config& config() const { return options_.config; }

  // A path to `tuple`'s peer takes only this: the next SYN-ACK says so.
  void set_mss(uint16_t mss) { options_.config.mss = mss; }

 private:
  struct TupleHash {
    SecretKey key;
    size_t operator()(const Tuple& tuple) const { return keyed_hash(key, tuple, 0); }
  };

  Answer on_syn(Time now, const Tuple& tuple, const SegmentView& segment);
  Answer on_record(Time now, const Tuple& tuple, SynReceived& record, const SegmentView& segment,
                   AcceptRoom room);
  Answer on_cookie(Time now, const Tuple& tuple, const SegmentView& segment, AcceptRoom room);
  Opening opening_for(Time now, const Tuple& tuple, const SegmentView& syn) const;
  TcpHeader syn_ack(Time now, const Opening& opening) const;

  Options options_;
  SecretKey key_;
  std::unordered_map<Tuple, SynReceived, TupleHash> queue_;
  Time deadline_ = kNever;
  // While cookies went out lately, an ACK without a record may be one of them.
  Time cookies_until_ = Time::min();
  // Challenge ACKs in the current second (RFC 5961, section 10).
  Time challenge_window_ = Time::min();
  uint8_t challenges_ = 0;
};

}  // namespace ukstore::net
