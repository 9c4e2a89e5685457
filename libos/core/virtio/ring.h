#pragma once
// A split virtqueue.
//
// The device is not believed: what it writes (the used ring) is read once, and an element counts
// only if it names the head of a chain that is in flight, and no more bytes than that chain lets it
// write. What is shared with the device is never read back: chains are kept in arrays of our own.
//
//  1. Every descriptor is free, or in exactly one chain that is in flight.
//  2. A chain ends by being taken, once; its token is returned then.
//  3. After a used index that no number of chains in flight can explain the ring is broken: it
//  takes
//     nothing more.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <ukstore/libos/core/virtio/transport.h>

namespace ukstore::libos {

struct Segment {
  uint64_t address;
  uint32_t bytes;
  bool device_writes;
};

class Ring {
 public:
  static constexpr uint16_t kSizeMax = 256;

  // Makes the queue of the device with at most `size` descriptors.  False if the device has no such
  // queue or there is no memory.
  bool start(Transport& transport, uint16_t queue, uint16_t size);

  // Hands a chain to the device, readable segments first; false if too few descriptors are free.
  // Nothing is notified.  The memory belongs to the device until the token comes back.
  bool add(std::span<const Segment> chain, uint16_t token);

  // Tells the device about everything added, if it wants to be told.
  void notify();

  struct Done {
    uint16_t token;
    uint32_t bytes;  // written by the device, never more than it was allowed
  };
  // The next chain that the device is done with; nullopt if there is none now.
  std::optional<Done> take();

  // With interrupts off the device is asked, and not bound, to stay silent.
  void want_interrupts(bool on);

  uint16_t size() const { return size_; }
  uint16_t free_descriptors() const { return free_count_; }
  bool broken() const { return broken_; }
  // Elements and indexes that were not believed.
  uint64_t faults() const { return faults_; }

 private:
  Transport* transport_ = nullptr;
  uint16_t queue_ = 0, size_ = 0;
  std::byte* descriptors_ = nullptr;
  std::byte* available_ = nullptr;
  std::byte* used_ = nullptr;

  uint16_t free_head_ = 0, free_count_ = 0;
  uint16_t available_index_ = 0, published_index_ = 0, used_index_ = 0, in_flight_ = 0;
  bool broken_ = false;
  uint64_t faults_ = 0;

  std::array<uint16_t, kSizeMax> next_ = {};
  std::array<uint16_t, kSizeMax> chain_length_ = {};  // of a head in flight; 0 otherwise
  std::array<uint16_t, kSizeMax> token_ = {};
  std::array<uint32_t, kSizeMax> writable_bytes_ = {};
};

}  // namespace ukstore::libos
