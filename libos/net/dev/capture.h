#pragma once
// Wrappers that show what passes a device: as a pcap file and as text.

#include <ukstore/libos/net/dev/device.h>
#include <ostream>

namespace ukstore::net {

// Writes each frame in both directions to a stream in pcap format, microseconds, with partial
// checksums finished so that a reader may verify them.
class PcapWriter final : public Device {
 public:
  // `inner` and `out` outlive this.  `snap_bytes` of each frame are written.
  PcapWriter(Device& inner, std::ostream& out, uint32_t snap_bytes = 262'144);

  const Caps& caps() const override { return inner_.caps(); }
  MacAddress mac() const override { return inner_.mac(); }
  uint16_t mtu() const override { return inner_.mtu(); }
  std::optional<Frame> receive(Time now) override;
  SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) override;
  void flush(Time now) override { inner_.flush(now); }
  Time deadline() const override { return inner_.deadline(); }

 private:
  void record(Time now, ByteSpan frame);

  Device& inner_;
  std::ostream& out_;
  uint32_t snap_bytes_;
};

// Writes a line for each frame: seconds, "<" for received or ">" for sent, describe_frame().
class Tracer final : public Device {
 public:
  // `inner` and `out` outlive this.
  Tracer(Device& inner, std::ostream& out) : inner_(inner), out_(out) {}

  const Caps& caps() const override { return inner_.caps(); }
  MacAddress mac() const override { return inner_.mac(); }
  uint16_t mtu() const override { return inner_.mtu(); }
  std::optional<Frame> receive(Time now) override;
  SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) override;
  void flush(Time now) override { inner_.flush(now); }
  Time deadline() const override { return inner_.deadline(); }

 private:
  void line(Time now, char direction, ByteSpan frame);

  Device& inner_;
  std::ostream& out_;
};

}  // namespace ukstore::net
