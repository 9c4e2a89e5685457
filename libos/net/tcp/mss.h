#pragma once
// Segment sizes (RFC 9293, section 3.7.1).

#include <ukstore/libos/net/dev/caps.h>
#include <algorithm>
#include <cstdint>
#include <optional>

namespace ukstore::net {

// Below this a peer's MSS is a mistake or an attack: it is taken as this. With every option we
// send, a segment still carries payload.
inline constexpr uint16_t kMssMin = 88;

// What a peer takes that did not say (MUST-15).
constexpr uint16_t default_mss(Family family) { return family == Family::ipv4 ? 536 : 1220; }

// What to take for a peer that said `offered`.
constexpr uint16_t peer_mss(std::optional<uint16_t> offered, Family family) {
  return std::max(offered.value_or(default_mss(family)), kMssMin);
}

}  // namespace ukstore::net
