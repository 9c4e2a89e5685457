#pragma once
// TIME-WAIT as a record of its own (RFC 9293, section 3.6.1; RFC 1337; RFC 6191).

#include <ukstore/libos/net/tcp/segment.h>
#include <ukstore/libos/net/time.h>
#include <cstdint>
#include <optional>

namespace ukstore::net {

// What is remembered of a closed connection for 2 MSL. It answers for the connection, which is
// gone. At most 96 bytes together with its Tuple.
struct TimeWait {
  SeqNumber snd_nxt;
  SeqNumber rcv_nxt;
  uint32_t ts_recent = 0;
  uint32_t ts_offset = 0;
  uint16_t window = 0;  // as last offered, on the wire
  bool timestamps = false;
  Duration length{};  // 2 MSL
  Time expires = kNever;
  Time challenge_after = Time::min();  // one ACK per 500 ms answers what is out of place

  enum class Verdict : uint8_t {
    stay,    // send `reply` if there is one
    reopen,  // a new SYN that cannot be an old one: forget the record, ask the listener
  };
  struct Answer {
    Verdict verdict = Verdict::stay;
    std::optional<TcpHeader> reply;  // ports 0, no payload
  };

  // An RST is ignored; a FIN again is acknowledged and starts the wait anew; anything else old
  // is acknowledged, no more often than challenge_after allows.
  Answer on_segment(Time now, const SegmentView& segment);

  // Whether an active open may take over the tuple at `now` (RFC 6191 through our own clock:
  // timestamps in use and more than a second after the last one seen). `iss` of the new
  // connection must lie beyond snd_nxt; see initial_sequence_number.
  bool reusable(Time now) const;
};

}  // namespace ukstore::net
