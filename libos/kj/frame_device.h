#pragma once
// The machine's network device, on libos: frames by the private calls of machine_calls.h, as a
// device of the stack.

#include <ukstore/libos/core/machine_calls.h>
#include <ukstore/libos/net/dev/chunk_pool.h>
#include <ukstore/libos/net/dev/device.h>
#include <memory>

namespace ukstore::libos_kj {

class FrameDevice final : public net::Device {
 public:
  // Null without a network device, and on Linux, where there are no such calls.
  static std::unique_ptr<FrameDevice> open();

  const net::Caps& caps() const override { return caps_; }
  net::MacAddress mac() const override { return mac_; }
  uint16_t mtu() const override { return mtu_; }
  std::optional<net::Frame> receive(net::Time now) override;
  net::SendResult send(net::Time now, std::span<const net::ByteSpan> pieces,
                       const net::FrameMeta& meta) override;
  void flush(net::Time) override {}

 private:
  explicit FrameDevice(const libos::NetInfo& info);

  net::Caps caps_;
  net::MacAddress mac_;
  uint16_t mtu_;
  net::ChunkPool large_;  // one frame of any size each
  net::ChunkPool small_;  // one plain frame each
};

// Sleeps until a frame may have come, a full device has room again, somebody wakes the machine, or
// `until`.  Only on libos.
void wait_for_frames(net::Time until);

}  // namespace ukstore::libos_kj
