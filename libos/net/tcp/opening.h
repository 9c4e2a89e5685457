#pragma once
// What the two ends agreed on in the three-way handshake.

#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/seq_number.h>
#include <cstdint>
#include <optional>

namespace ukstore::net {

// The outcome of a passive open: Listener makes it, Connection::accepted starts from it.
struct Opening {
  SeqNumber iss;                             // ours
  SeqNumber irs;                             // the peer's
  uint16_t peer_mss = 0;                     // as offered, or the default
  std::optional<uint8_t> peer_window_shift;  // nullopt: neither side scales
  bool sack = false;
  bool timestamps = false;
  uint32_t ts_recent = 0;
  uint32_t ts_offset = 0;
  // The window that our SYN-ACK offered, which the connection must honour.
  uint16_t offered_window = 0;
  uint8_t own_window_shift = 0;
  // When our SYN-ACK went out, for a first round-trip sample; kNever if it was sent again or
  // was a cookie, as Karn's rule then forbids one.
  Time syn_ack_sent = kNever;
  bool syn_ack_retransmitted = false;
};

}  // namespace ukstore::net
