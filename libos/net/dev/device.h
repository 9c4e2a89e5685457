#pragma once
// A network device as the stack sees it: Ethernet frames in, Ethernet frames out, with what the
// virtio net header says about each.  The same for a TAP, for virtio-net and for the simulated
// link, and for the wrappers around them.

#include <ukstore/libos/net/buf/buf.h>
#include <ukstore/libos/net/dev/caps.h>
#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/address.h>
#include <ukstore/libos/net/wire/byte_order.h>
#include <optional>
#include <span>

namespace ukstore::net {

enum class ChecksumState : uint8_t {
  none,     // complete in the bytes; a receiver must check it
  partial,  // the field holds the pseudo-header's sum; see checksum_start
  valid,    // received only: somebody trusted has checked it
};

enum class Gso : uint8_t { none, tcp4, tcp6 };

// What goes with a frame beside its bytes.
struct FrameMeta {
  ChecksumState checksum = ChecksumState::none;
  Gso gso = Gso::none;
  // Partial: the sum runs from this byte of the frame to its end and is stored at
  // checksum_start + checksum_offset.
  uint16_t checksum_start = 0;
  uint16_t checksum_offset = 0;
  // With gso: the bytes of Ethernet, IP and TCP headers, and the payload of each piece.
  uint16_t header_bytes = 0;
  uint16_t gso_bytes = 0;

  bool operator==(const FrameMeta&) const = default;
};

// The most pieces that one frame to send may come in.
constexpr size_t kFramePiecesMax = 128;

struct Frame {
  Buf data;  // from the Ethernet header on
  FrameMeta meta;
};

enum class SendResult : uint8_t { sent, full };

class Device {
 public:
  virtual ~Device() = default;

  // What send() may ask for.  Constant for the life of the device.
  virtual const Caps& caps() const = 0;
  virtual MacAddress mac() const = 0;
  // The largest IP packet that one frame carries after segmentation.
  virtual uint16_t mtu() const = 0;

  // The next frame that has arrived, or nullopt.  Never waits.
  virtual std::optional<Frame> receive(Time now) = 0;

  // Sends the frame whose bytes are `pieces` in order; they are borrowed until return.  `meta`
  // asks for no more than caps() offers.  `full`: nothing was taken, try again after the device
  // has become ready.  A frame that the device loses counts as sent.
  virtual SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) = 0;

  // Everything sent so far is to go out: the end of an egress pass.
  virtual void flush(Time now) = 0;

  // When receive() may give something by the mere passing of time (simulated links); kNever for
  // devices that signal by a descriptor or an interrupt.
  virtual Time deadline() const { return kNever; }
};

}  // namespace ukstore::net
