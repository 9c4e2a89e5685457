#pragma once
// SYN cookies (RFC 4987, section 3.6): what a SYN-RECEIVED record would hold, in the numbers
// that the peer sends back. Valid for one to two minutes.

#include <ukstore/libos/net/tcp/tuple.h>
#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/seq_number.h>
#include <cstdint>
#include <optional>

namespace ukstore::net {

// The initial sequence number that stands for `peer_mss`, rounded down to one of eight sizes.
SeqNumber make_syn_cookie(SecretKey key, const Tuple& tuple, Time now, SeqNumber irs,
                          uint16_t peer_mss);

// The MSS in a cookie; nullopt if we did not make it, or too long ago.
std::optional<uint16_t> check_syn_cookie(SecretKey key, const Tuple& tuple, Time now, SeqNumber irs,
                                         SeqNumber iss);

// The other options, in the low six bits of the TSval that goes with the cookie.
struct CookieOptions {
  std::optional<uint8_t> window_shift;
  bool sack = false;
};
uint32_t timestamp_with(uint32_t timestamp, CookieOptions options);
CookieOptions options_in(uint32_t echoed_timestamp);

}  // namespace ukstore::net
