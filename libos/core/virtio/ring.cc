#include <ukstore/libos/core/virtio/ring.h>

#include <atomic>

#include <ukstore/libos/core/virtio/dma.h>

namespace ukstore::libos {
namespace {

enum DescriptorFlag : uint16_t { kNext = 1, kDeviceWrites = 2 };
constexpr size_t kDescriptorBytes = 16;
constexpr uint16_t kNoInterrupt = 1, kNoNotify = 1;

// Shared memory is read and written once, in the order of the program.
template <typename T>
T load(const std::byte* from) {
  return *reinterpret_cast<const volatile T*>(from);
}
template <typename T>
void store(std::byte* to, T value) {
  *reinterpret_cast<volatile T*>(to) = value;
}
void order_writes() { std::atomic_thread_fence(std::memory_order_release); }
void order_reads() { std::atomic_thread_fence(std::memory_order_acquire); }
void order_all() { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace

bool Ring::start(Transport& transport, uint16_t queue, uint16_t size) {
  uint16_t offered = transport.queue_size_max(queue);
  if (offered < size) size = offered;
  if (size > kSizeMax) size = kSizeMax;
  while (size & (size - 1)) size &= static_cast<uint16_t>(size - 1);  // a power of two
  if (size == 0) return false;
  static_assert(kSizeMax * kDescriptorBytes <= kDmaPageBytes);
  descriptors_ = dma_page();
  available_ = dma_page();
  used_ = dma_page();
  if (!descriptors_ || !available_ || !used_) return false;
  transport_ = &transport;
  queue_ = queue;
  size_ = free_count_ = size;
  for (uint16_t i = 0; i < size; ++i) next_[i] = static_cast<uint16_t>(i + 1);
  transport.enable_queue(queue, size,
                         {dma_address(descriptors_), dma_address(available_), dma_address(used_)});
  return true;
}

bool Ring::add(std::span<const Segment> chain, uint16_t token) {
  if (broken_ || chain.empty() || chain.size() > free_count_) return false;
  uint16_t head = free_head_, at = head;
  uint32_t writable = 0;
  for (size_t i = 0; i < chain.size(); ++i) {
    bool last = i + 1 == chain.size();
    uint16_t flags =
        static_cast<uint16_t>((last ? 0 : kNext) | (chain[i].device_writes ? kDeviceWrites : 0));
    std::byte* descriptor = descriptors_ + at * kDescriptorBytes;
    store(descriptor, chain[i].address);
    store(descriptor + 8, chain[i].bytes);
    store(descriptor + 12, flags);
    store(descriptor + 14, last ? uint16_t{0} : next_[at]);
    if (chain[i].device_writes) writable += chain[i].bytes;
    if (last) free_head_ = next_[at];
    at = next_[at];
  }
  free_count_ = static_cast<uint16_t>(free_count_ - chain.size());
  chain_length_[head] = static_cast<uint16_t>(chain.size());
  token_[head] = token;
  writable_bytes_[head] = writable;
  ++in_flight_;
  store(available_ + 4 + 2 * (available_index_ % size_), head);
  ++available_index_;
  return true;
}

void Ring::notify() {
  if (published_index_ == available_index_ || broken_) return;
  order_writes();
  store(available_ + 2, available_index_);
  published_index_ = available_index_;
  order_all();
  if (!(load<uint16_t>(used_) & kNoNotify)) transport_->notify(queue_);
}

std::optional<Ring::Done> Ring::take() {
  while (!broken_) {
    uint16_t waiting = static_cast<uint16_t>(load<uint16_t>(used_ + 2) - used_index_);
    if (waiting == 0) return std::nullopt;
    if (waiting > in_flight_) {
      broken_ = true;
      ++faults_;
      return std::nullopt;
    }
    order_reads();
    const std::byte* element = used_ + 4 + 8 * (used_index_ % size_);
    uint32_t id = load<uint32_t>(element), bytes = load<uint32_t>(element + 4);
    ++used_index_;
    if (id >= size_ || chain_length_[id] == 0) {
      ++faults_;
      continue;
    }
    if (bytes > writable_bytes_[id]) {
      ++faults_;
      bytes = writable_bytes_[id];
    }
    auto head = static_cast<uint16_t>(id);
    uint16_t last = head;
    for (uint16_t i = 1; i < chain_length_[head]; ++i) last = next_[last];
    next_[last] = free_head_;
    free_head_ = head;
    free_count_ = static_cast<uint16_t>(free_count_ + chain_length_[head]);
    chain_length_[head] = 0;
    --in_flight_;
    return Done{token_[head], bytes};
  }
  return std::nullopt;
}

void Ring::want_interrupts(bool on) {
  store(available_, on ? uint16_t{0} : kNoInterrupt);
  order_all();
}

}  // namespace ukstore::libos
