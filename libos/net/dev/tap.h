#pragma once
// A TAP device of Linux, with or without the virtio net header.

#include <ukstore/libos/net/dev/chunk_pool.h>
#include <ukstore/libos/net/dev/device.h>
#include <expected>
#include <memory>
#include <string>

namespace ukstore::net {

enum class TapOffload : uint8_t {
  none,     // a plain TAP: frames of at most the MTU, complete checksums
  offload,  // IFF_VNET_HDR: 64 KiB segments and partial checksums in both directions
};

class TapDevice final : public Device {
 public:
  struct Options {
    std::string name = "tap0";  // of an interface that exists already, or will be made
    TapOffload offload = TapOffload::offload;
    MacAddress mac;  // ours: the kernel's end has one of its own
    uint16_t mtu = 1500;
  };

  // Opens the interface.  Fails with the system call's name and reason: without the right to
  // administrate the network, or if somebody else has the interface open.
  static std::expected<std::unique_ptr<TapDevice>, std::string> open(const Options& options);
  ~TapDevice() override;

  // For poll and epoll: readable when a frame waits.
  int fd() const { return fd_; }

  const Caps& caps() const override { return caps_; }
  MacAddress mac() const override { return options_.mac; }
  uint16_t mtu() const override { return options_.mtu; }
  std::optional<Frame> receive(Time now) override;
  SendResult send(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta) override;
  void flush(Time) override {}

 private:
  TapDevice(int fd, const Options& options);

  std::optional<Frame> receive_with_header();
  std::optional<Frame> receive_plain();

  int fd_;
  Options options_;
  Caps caps_;
  ChunkPool large_;  // one oversized segment each
  ChunkPool small_;  // one plain frame each
};

}  // namespace ukstore::net
