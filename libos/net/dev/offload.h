#pragma once
// Software segmentation and checksums, for devices that have neither.  With this before a device
// the stack always speaks oversized segments with partial checksums.

#include <ukstore/libos/net/dev/device.h>
#include <functional>

namespace ukstore::net {

// Finishes a partial checksum in place; `frame` is the whole frame.
void finish_checksum(std::span<std::byte> frame, const FrameMeta& meta);

// A frame of headers and payload pieces, the headers contiguous and first.
struct SegmentSource {
  ByteSpan headers;  // Ethernet, IP and TCP, as meta.header_bytes says
  std::span<const ByteSpan> payload;
};

// Cuts an oversized TCP segment (meta.gso is not none) into frames of at most meta.gso_bytes of
// payload, in order, each with complete lengths, IPv4 ids counting up, sequence numbers, flags
// (FIN and PSH on the last, CWR on the first) and checksums.  `sink` gets the pieces of each
// frame, borrowed until it returns.
using FrameSink = std::function<void(std::span<const ByteSpan> pieces)>;
void segment(const SegmentSource& source, const FrameMeta& meta, const FrameSink& sink);

// Offers checksum_tx, tso4 and tso6 over any device, and does itself what that one lacks.
class SoftwareOffload final : public Device {
 public:
  // `inner` outlives this.
  explicit SoftwareOffload(Device& inner);

  const Caps& caps() const override { return caps_; }
  MacAddress mac() const override { return inner_.mac(); }
  uint16_t mtu() const override { return inner_.mtu(); }
  std::optional<Frame> receive(Time now) override { return inner_.receive(now); }
  // Of an oversized segment that the inner device takes only in part, the rest is lost, as on any
  // wire: the result is then `sent`.
  SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) override;
  void flush(Time now) override { inner_.flush(now); }
  Time deadline() const override { return inner_.deadline(); }

 private:
  SendResult send_summed(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta);

  Device& inner_;
  Caps caps_;
};

}  // namespace ukstore::net
