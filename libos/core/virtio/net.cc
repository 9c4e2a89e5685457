#include <ukstore/libos/core/virtio/net.h>

#include <cstring>

#include <ukstore/libos/core/virtio/dma.h>

namespace ukstore::libos {
namespace {

enum Feature : uint64_t {
  kCsum = 1u << 0,
  kGuestCsum = 1u << 1,
  kMtu = 1u << 3,
  kMac = 1u << 5,
  kGuestTso4 = 1u << 7,
  kGuestTso6 = 1u << 8,
  kHostTso4 = 1u << 11,
  kHostTso6 = 1u << 12,
  kMergedBuffers = 1u << 15,
  kStatus = 1u << 16,
};
enum ConfigOffset : uint32_t { kMacAt = 0, kStatusAt = 6, kMtuAt = 10 };
enum Queue : uint16_t { kReceiveQueue = 0, kSendQueue = 1 };

constexpr size_t kHeaderBytes = sizeof(NetHeader);
constexpr uint16_t kReceiveBuffers = 128, kSendDescriptors = 256, kSendPages = 128;
constexpr uint16_t kMtuLeast = 68, kMtuUsual = 1500;

// Dependent features go with what they depend on (virtio 1.2, 5.1.3.1).  Large received frames are
// only taken in merged buffers.
uint64_t wanted_of(uint64_t offered) {
  uint64_t wanted = kCsum | kGuestCsum | kMac | kMtu | kMergedBuffers | kStatus | kGuestTso4 |
                    kGuestTso6 | kHostTso4 | kHostTso6;
  if (!(offered & kCsum)) wanted &= ~uint64_t{kHostTso4 | kHostTso6};
  if (!(offered & kGuestCsum) || !(offered & kMergedBuffers)) {
    wanted &= ~uint64_t{kGuestTso4 | kGuestTso6};
  }
  return wanted;
}

}  // namespace

bool VirtioNet::start(Transport& transport) {
  transport_ = &transport;
  agreed_ = negotiate(transport, wanted_of(transport.offered_features()));
  if (!agreed_ || !receive_ring_.start(transport, kReceiveQueue, kReceiveBuffers) ||
      !send_ring_.start(transport, kSendQueue, kSendDescriptors)) {
    return false;
  }
  for (uint32_t i = 0; i < mac_.size(); ++i) {
    if (agreed_ & kMac) mac_[i] = static_cast<uint8_t>(read_config(transport, kMacAt + i, 1));
  }
  if (!(agreed_ & kMac)) mac_ = {0x02, 0, 0, 0, 0, 1};  // locally administered
  for (uint16_t i = 0; i < kSendPages; ++i) {
    if (!(send_pages_[i] = dma_page())) return false;
    send_next_[i] = send_free_;
    send_free_ = i;
    send_free_count_ = send_page_count_ = static_cast<uint16_t>(i + 1);
  }
  for (uint16_t i = 0; i < receive_ring_.size(); ++i) {
    if (!(receive_pages_[i] = dma_page())) return false;
  }
  driver_ok(transport);
  for (uint16_t i = 0; i < receive_ring_.size(); ++i) give_back(i);
  receive_ring_.notify();
  send_ring_.want_interrupts(false);
  return true;
}

NetInfo VirtioNet::info() {
  NetInfo info = {};
  std::memcpy(info.mac, mac_.data(), mac_.size());
  info.mtu = kMtuUsual;
  if (agreed_ & kMtu) {
    uint64_t mtu = read_config(*transport_, kMtuAt, 2);
    // A buffer is one page unless frames are merged.
    uint64_t most = agreed_ & kMergedBuffers ? 65535 : kDmaPageBytes - kHeaderBytes - 18;
    if (mtu >= kMtuLeast && mtu <= most) info.mtu = static_cast<uint16_t>(mtu);
  }
  const struct {
    uint64_t feature;
    uint32_t offload;
  } table[] = {{kCsum, kNetSendChecksum},          {kHostTso4, kNetSendTcp4},
               {kHostTso6, kNetSendTcp6},          {kGuestCsum, kNetReceiveChecksum},
               {kGuestTso4, kNetReceiveTcp4},      {kGuestTso6, kNetReceiveTcp6},
               {kMergedBuffers, kNetMergedBuffers}};
  for (auto [feature, offload] : table) {
    if (agreed_ & feature) info.offloads |= offload;
  }
  info.link_up = !(agreed_ & kStatus) || (read_config(*transport_, kStatusAt, 2) & 1);
  return info;
}

void VirtioNet::give_back(uint16_t page) {
  Segment segment{dma_address(receive_pages_[page]), kDmaPageBytes, true};
  receive_ring_.add({&segment, 1}, page);
  // The device hears of returned buffers in batches, and whenever there is nothing more to take.
  if (++returned_ < receive_ring_.size() / 4) return;
  receive_ring_.notify();
  returned_ = 0;
}

std::optional<size_t> VirtioNet::take_rest(uint16_t more, std::span<std::byte> out) {
  size_t size = 0;
  bool fits = true;
  for (; more; --more) {
    auto done = receive_ring_.take();
    if (!done) {
      ++faults_;  // a frame is published as a whole, so its last buffers are missing
      return std::nullopt;
    }
    if (fits && done->bytes <= out.size() - size) {
      std::memcpy(out.data() + size, receive_pages_[done->token], done->bytes);
      size += done->bytes;
    } else {
      fits = false;
    }
    give_back(done->token);
  }
  return fits ? std::optional(size) : std::nullopt;
}

size_t VirtioNet::receive(std::span<std::byte> out) {
  for (;;) {
    auto done = peeked_ ? peeked_ : receive_ring_.take();
    peeked_.reset();
    if (!done) {
      receive_ring_.notify();
      return 0;
    }
    size_t size = done->bytes;
    NetHeader header;
    std::memcpy(&header, receive_pages_[done->token], sizeof header);
    bool good = size > kHeaderBytes && size <= out.size();
    if (good) std::memcpy(out.data(), receive_pages_[done->token], size);
    give_back(done->token);
    uint16_t buffers = agreed_ & kMergedBuffers ? header.buffer_count : 1;
    if (buffers == 0 || buffers > receive_ring_.size()) {
      ++faults_;
      good = false;
      buffers = 1;
    }
    if (buffers > 1) {
      auto rest =
          take_rest(static_cast<uint16_t>(buffers - 1), good ? out.subspan(size) : out.first(0));
      good = good && rest;
      if (good) size += *rest;
    }
    if (good) {
      ++counters_.received;
      return size;
    }
    ++counters_.dropped;
  }
}

void VirtioNet::reap_sent() {
  while (auto done = send_ring_.take()) {
    uint16_t page = done->token;
    while (page != kNone) {
      uint16_t next = send_next_[page];
      send_next_[page] = send_free_;
      send_free_ = page;
      ++send_free_count_;
      page = next;
    }
  }
}

// Asks the header of a frame for no more than was negotiated (virtio 1.2, 5.1.6.2.1)?
bool VirtioNet::agreed_to(const NetPiece& first) const {
  constexpr uint8_t kNeedsChecksum = 1, kTcp4 = 1, kTcp6 = 4, kEcn = 0x80;
  NetHeader header;
  std::memcpy(&header, first.bytes, sizeof header);
  if (header.flags & kNeedsChecksum && !(agreed_ & kCsum)) return false;
  switch (header.gso_type & ~kEcn) {
    case 0:
      return true;
    case kTcp4:
      return agreed_ & kHostTso4;
    case kTcp6:
      return agreed_ & kHostTso6;
    default:
      return false;
  }
}

std::expected<void, VirtioNet::SendError> VirtioNet::send(std::span<const NetPiece> pieces) {
  size_t total = 0;
  for (const NetPiece& piece : pieces) {
    if (piece.size > kNetFrameMax - total) return std::unexpected(SendError::malformed);
    total += piece.size;
  }
  if (total <= kHeaderBytes || pieces[0].size < kHeaderBytes || !agreed_to(pieces[0])) {
    return std::unexpected(SendError::malformed);
  }
  size_t pages = (total + kDmaPageBytes - 1) / kDmaPageBytes;
  if (pages > send_free_count_ || pages > send_ring_.free_descriptors()) reap_sent();
  if (pages > send_free_count_ || pages > send_ring_.free_descriptors()) {
    send_full_ = true;
    send_ring_.want_interrupts(true);
    return std::unexpected(SendError::full);
  }
  Segment chain[kSendPagesMax];
  size_t count = 0, filled = kDmaPageBytes;
  uint16_t first = send_free_, last = kNone;
  for (const NetPiece& piece : pieces) {
    auto* from = static_cast<const std::byte*>(piece.bytes);
    for (size_t left = piece.size; left;) {
      if (filled == kDmaPageBytes) {
        last = send_free_;
        send_free_ = send_next_[last];
        --send_free_count_;
        chain[count++] = {dma_address(send_pages_[last]), 0, false};
        filled = 0;
      }
      size_t part = left < kDmaPageBytes - filled ? left : kDmaPageBytes - filled;
      std::memcpy(send_pages_[last] + filled, from, part);
      chain[count - 1].bytes += static_cast<uint32_t>(part);
      filled += part;
      from += part;
      left -= part;
    }
  }
  send_next_[last] = kNone;
  send_ring_.add({chain, count}, first);
  send_ring_.notify();
  ++counters_.sent;
  return {};
}

bool VirtioNet::ready() {
  if (!peeked_) peeked_ = receive_ring_.take();
  if (!peeked_) receive_ring_.notify();
  if (send_full_) {
    reap_sent();
    if (send_free_count_ >= kSendPagesMax) {
      send_full_ = false;
      send_ring_.want_interrupts(false);
      return true;
    }
  }
  return peeked_.has_value();
}

}  // namespace ukstore::libos
