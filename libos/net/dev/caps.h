#pragma once
// What a device does for the stack. The same for a TAP with IFF_VNET_HDR and for virtio-net,
// since both put the same header before a frame.

#include <ukstore/libos/net/wire/family.h>
#include <cstdint>

namespace ukstore::net {

struct Caps {
  bool checksum_tx = false;          // finishes a checksum that holds the pseudo-header's sum
  bool checksum_rx_trusted = false;  // a frame marked valid need not be summed again
  bool tso4 = false;                 // cuts an oversized IPv4 TCP segment at the given size
  bool tso6 = false;                 // the same for IPv6
  bool merged_rx = false;            // a received frame may come in several buffers
  // Payload bytes that one oversized segment may hold, with margin below 65,535 minus headers.
  uint32_t gso_bytes_max = 65'160;

  bool tso(Family family) const { return family == Family::ipv4 ? tso4 : tso6; }

  bool operator==(const Caps&) const = default;
};

}  // namespace ukstore::net
