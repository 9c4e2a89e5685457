#pragma once
// Window scaling (RFC 7323, section 2).

#include <algorithm>
#include <cstdint>

namespace ukstore::net {

inline constexpr uint8_t kWindowShiftMax = 14;  // a larger one is taken as 14 (section 2.3)

// The smallest shift with which a window of `bytes` can be said.
constexpr uint8_t window_shift_for(uint32_t bytes) {
  uint8_t shift = 0;
  while (shift < kWindowShiftMax && (uint32_t{65535} << shift) < bytes) ++shift;
  return shift;
}

// The window of a SYN, which is never scaled.
constexpr uint16_t syn_window(uint32_t buffer_bytes) {
  return static_cast<uint16_t>(std::min<uint32_t>(buffer_bytes, 65535));
}

}  // namespace ukstore::net
