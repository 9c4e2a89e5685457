#include <ukstore/libos/core/virtio/small.h>

#include <cstring>

#include <ukstore/libos/core/virtio/dma.h>

namespace ukstore::libos {
namespace {

constexpr int kAnswersMax = 64;

// Waits for the one chain in flight; the bytes that the device wrote, 0 if it is broken.
uint32_t wait_for_one(Transport& transport, Ring& ring) {
  ring.notify();
  for (;;) {
    if (auto done = ring.take()) return done->bytes;
    if (ring.broken()) return 0;
    transport.pause();
  }
}

}  // namespace

bool VirtioRandom::start(Transport& transport) {
  transport_ = &transport;
  page_ = dma_page();
  if (!negotiate(transport, 0) || !page_ || !ring_.start(transport, 0, 4)) return false;
  driver_ok(transport);
  return true;
}

// The device may answer with less than was asked for, but not for ever.
bool VirtioRandom::fill(std::span<std::byte> out) {
  if (out.size() > kDmaPageBytes) return false;
  for (int answers = 0; !out.empty() && answers < kAnswersMax; ++answers) {
    Segment segment{dma_address(page_), static_cast<uint32_t>(out.size()), true};
    if (!ring_.add({&segment, 1}, 0)) return false;
    uint32_t bytes = wait_for_one(*transport_, ring_);
    std::memcpy(out.data(), page_, bytes);
    out = out.subspan(bytes);
  }
  return out.empty();
}

bool VirtioConsole::start(Transport& transport) {
  constexpr uint16_t kTransmitQueue = 1;
  transport_ = &transport;
  page_ = dma_page();
  if (!negotiate(transport, 0) || !page_ || !ring_.start(transport, kTransmitQueue, 4))
    return false;
  driver_ok(transport);
  return true;
}

void VirtioConsole::write(std::string_view text) {
  while (busy_) transport_->pause();
  busy_ = true;
  while (!text.empty() && !ring_.broken()) {
    size_t part = text.size() < kDmaPageBytes ? text.size() : kDmaPageBytes;
    std::memcpy(page_, text.data(), part);
    Segment segment{dma_address(page_), static_cast<uint32_t>(part), false};
    if (!ring_.add({&segment, 1}, 0)) break;
    wait_for_one(*transport_, ring_);
    text.remove_prefix(part);
  }
  busy_ = false;
  transport_->resume_all();
}

}  // namespace ukstore::libos
