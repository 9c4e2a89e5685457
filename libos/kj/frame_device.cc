#include <ukstore/libos/kj/frame_device.h>

#include <ukstore/libos/net/dev/virtio_header.h>
#include <algorithm>
#include <array>
#include <cstring>

namespace ukstore::libos_kj {
namespace {

static_assert(sizeof(libos::NetHeader) == net::kVirtioHeaderBytes);

constexpr uint32_t kEthernetBytes = 14;

uint64_t argument(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

std::unique_ptr<FrameDevice> FrameDevice::open() {
  libos::NetInfo info{};
  if (libos::machine_call(libos::kNetInfoCall, argument(&info)) != 0) return nullptr;
  return std::unique_ptr<FrameDevice>(new FrameDevice(info));
}

FrameDevice::FrameDevice(const libos::NetInfo& info)
    : mtu_(info.mtu), large_(libos::kNetFrameMax, 64), small_(kEthernetBytes + info.mtu, 1024) {
  auto has = [&](libos::NetOffload offload) { return (info.offloads & offload) != 0; };
  caps_.checksum_tx = has(libos::kNetSendChecksum);
  caps_.checksum_rx_trusted = has(libos::kNetReceiveChecksum);
  caps_.tso4 = has(libos::kNetSendTcp4);
  caps_.tso6 = has(libos::kNetSendTcp6);
  caps_.merged_rx = has(libos::kNetMergedBuffers);
  std::memcpy(&mac_, info.mac, sizeof info.mac);
}

// A small frame is copied out of the large chunk that it was read into, so as not to pin 64 KiB.
std::optional<net::Frame> FrameDevice::receive(net::Time) {
  for (;;) {
    net::ChunkRef chunk = large_.take();
    long got = libos::machine_call(libos::kNetReceiveCall, argument(chunk->data), chunk->capacity);
    if (got <= static_cast<long>(net::kVirtioHeaderBytes)) return std::nullopt;
    net::ByteSpan all(chunk->data, static_cast<size_t>(got));
    auto length = static_cast<uint32_t>(all.size() - net::kVirtioHeaderBytes);
    auto meta = net::parse_virtio_header(all.first(net::kVirtioHeaderBytes), length);
    if (!meta) continue;  // not a frame that was agreed on: dropped
    if (length > small_.chunk_bytes()) {
      return net::Frame{net::Buf(std::move(chunk), net::kVirtioHeaderBytes, length), *meta};
    }
    net::ChunkRef small = small_.take();
    std::memcpy(small->data, all.data() + net::kVirtioHeaderBytes, length);
    return net::Frame{net::Buf(std::move(small), 0, length), *meta};
  }
}

net::SendResult FrameDevice::send(net::Time, std::span<const net::ByteSpan> pieces,
                                  const net::FrameMeta& meta) {
  constexpr long kQueueFull = -11;  // EAGAIN
  assert(pieces.size() <= net::kFramePiecesMax);
  const auto header = net::virtio_header(meta);
  std::array<libos::NetPiece, net::kFramePiecesMax + 1> parts;
  size_t count = 0;
  parts[count++] = {header.data(), header.size()};
  for (net::ByteSpan piece : pieces) parts[count++] = {piece.data(), piece.size()};
  long sent = libos::machine_call(libos::kNetSendCall, argument(parts.data()), count);
  return sent == kQueueFull ? net::SendResult::full : net::SendResult::sent;
}

void wait_for_frames(net::Time until) {
  // A stack that wants to go on at once says so by a time long past.
  constexpr int64_t kNsPerUs = 1000;
  int64_t us = std::max<int64_t>(until.time_since_epoch().count(), 0);
  bool never = us > INT64_MAX / kNsPerUs;
  libos::machine_call(libos::kWaitCall, never ? UINT64_MAX : static_cast<uint64_t>(us * kNsPerUs));
}

}  // namespace ukstore::libos_kj
