#include <ukstore/libos/net/dev/tap.h>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <ukstore/libos/net/dev/virtio_header.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace ukstore::net {
namespace {

constexpr uint32_t kLargeBytes = 65'536 + 64;  // the header, Ethernet and the largest IP packet

std::unexpected<std::string> failed(int fd, const char* call) {
  std::string reason = std::string(call) + ": " + std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return std::unexpected(std::move(reason));
}

uint32_t small_bytes(uint16_t mtu) { return mtu <= 1500 ? 2048 - 64 : mtu + 64u; }

}  // namespace

std::expected<std::unique_ptr<TapDevice>, std::string> TapDevice::open(const Options& options) {
  int fd = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return failed(fd, "open /dev/net/tun");
  ifreq request{};
  bool offload = options.offload == TapOffload::offload;
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (offload ? IFF_VNET_HDR : 0));
  std::strncpy(request.ifr_name, options.name.c_str(), IFNAMSIZ - 1);
  if (::ioctl(fd, TUNSETIFF, &request) < 0) return failed(fd, "TUNSETIFF");
  if (offload) {
    int header = kVirtioHeaderBytes;
    if (::ioctl(fd, TUNSETVNETHDRSZ, &header) < 0) return failed(fd, "TUNSETVNETHDRSZ");
    if (::ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) < 0)
      return failed(fd, "TUNSETOFFLOAD");
  }
  return std::unique_ptr<TapDevice>(new TapDevice(fd, options));
}

TapDevice::TapDevice(int fd, const Options& options)
    : fd_(fd), options_(options), large_(kLargeBytes, 64), small_(small_bytes(options.mtu), 1024) {
  if (options.offload == TapOffload::offload)
    caps_ = {.checksum_tx = true, .checksum_rx_trusted = true, .tso4 = true, .tso6 = true};
}

TapDevice::~TapDevice() { ::close(fd_); }

std::optional<Frame> TapDevice::receive(Time) {
  return options_.offload == TapOffload::offload ? receive_with_header() : receive_plain();
}

// A small frame is copied out of the large chunk that it was read into, so as not to pin 64 KiB.
std::optional<Frame> TapDevice::receive_with_header() {
  for (;;) {
    ChunkRef chunk = large_.take();
    ssize_t got = ::read(fd_, chunk->data, chunk->capacity);
    if (got < static_cast<ssize_t>(kVirtioHeaderBytes)) return std::nullopt;
    ByteSpan all(chunk->data, static_cast<size_t>(got));
    auto length = static_cast<uint32_t>(got - kVirtioHeaderBytes);
    auto meta = parse_virtio_header(all.first(kVirtioHeaderBytes), length);
    if (!meta) continue;  // not a frame that was agreed on: dropped
    if (length <= small_.chunk_bytes()) {
      ChunkRef small = small_.take();
      std::memcpy(small->data, all.data() + kVirtioHeaderBytes, length);
      return Frame{Buf(std::move(small), 0, length), *meta};
    }
    return Frame{Buf(std::move(chunk), kVirtioHeaderBytes, length), *meta};
  }
}

std::optional<Frame> TapDevice::receive_plain() {
  ChunkRef chunk = small_.take();
  ssize_t got = ::read(fd_, chunk->data, chunk->capacity);
  if (got <= 0) return std::nullopt;
  return Frame{Buf(std::move(chunk), 0, static_cast<uint32_t>(got)), FrameMeta{}};
}

SendResult TapDevice::send(Time, std::span<const ByteSpan> pieces, const FrameMeta& meta) {
  std::array<iovec, kFramePiecesMax + 1> vectors;
  assert(pieces.size() <= kFramePiecesMax);
  std::array<std::byte, kVirtioHeaderBytes> header;
  size_t count = 0;
  if (options_.offload == TapOffload::offload) {
    header = virtio_header(meta);
    vectors[count++] = {header.data(), header.size()};
  } else {
    assert(meta.checksum != ChecksumState::partial && meta.gso == Gso::none);
  }
  for (ByteSpan piece : pieces)
    vectors[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  ssize_t sent = ::writev(fd_, vectors.data(), static_cast<int>(count));
  // Anything but a full queue (the interface is down, for one) loses the frame.
  return sent < 0 && (errno == EAGAIN || errno == ENOBUFS) ? SendResult::full : SendResult::sent;
}

}  // namespace ukstore::net
