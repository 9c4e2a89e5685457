#pragma once
// The device's end of virtio, in the test's hands.

#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

#include <ukstore/libos/core/virtio/transport.h>

namespace libos_test {

using ukstore::libos::DeviceKind;
using ukstore::libos::QueueAddresses;

struct ChainPart {
  std::byte* bytes;
  uint32_t size;
  bool device_writes;
};

// Reads chains as an honest device does, and writes to the used ring whatever it is told to.
class DeviceQueue {
 public:
  QueueAddresses at = {};
  uint16_t size = 0;

  // The head of the next chain that the driver has made available.
  std::optional<uint16_t> next() {
    if (size == 0 || taken_ == load<uint16_t>(at.available + 2)) return std::nullopt;
    return load<uint16_t>(at.available + 4 + 2 * (taken_++ % size));
  }
  std::vector<ChainPart> chain(uint16_t head) const {
    std::vector<ChainPart> parts;
    for (uint16_t i = head; parts.size() <= size;
         i = load<uint16_t>(at.descriptors + i * 16 + 14)) {
      uint64_t descriptor = at.descriptors + i * 16u;
      auto flags = load<uint16_t>(descriptor + 12);
      parts.push_back({reinterpret_cast<std::byte*>(load<uint64_t>(descriptor)),
                       load<uint32_t>(descriptor + 8), (flags & 2) != 0});
      if (!(flags & 1)) break;
    }
    return parts;
  }
  void put_used(uint32_t id, uint32_t bytes) {
    uint64_t element = at.used + 4 + 8 * (used_ % size);
    store(element, id);
    store(element + 4, bytes);
    set_used_index(static_cast<uint16_t>(used_ + 1));
  }
  void set_used_index(uint16_t index) { store(at.used + 2, used_ = index); }
  uint16_t used_index() const { return used_; }

 private:
  template <typename T>
  static T load(uint64_t address) {
    T value;
    std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
    return value;
  }
  template <typename T>
  static void store(uint64_t address, T value) {
    std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
  }
  uint16_t taken_ = 0, used_ = 0;
};

// A transport whose device acts in `on_notify` and `on_pause`.
class FakeTransport final : public ukstore::libos::Transport {
 public:
  DeviceKind device_kind = DeviceKind::block;
  uint64_t features = ukstore::libos::feature::kVersion1;
  bool refuses_features = false;
  uint16_t queue_size = 256;
  std::vector<uint8_t> config_bytes;
  std::map<uint16_t, DeviceQueue> queues;
  uint64_t accepted = 0;
  std::function<void(uint16_t queue)> on_notify = [](uint16_t) {};
  // What happens while the driver waits.  Throwing ends a wait that would last for ever.
  std::function<void()> on_pause = [] { throw std::runtime_error("the driver waits for ever"); };

  DeviceKind kind() const override { return device_kind; }
  void reset() override { status_ = 0; }
  uint8_t status() override { return status_; }
  void set_status(uint8_t bits) override {
    status_ = refuses_features ? static_cast<uint8_t>(bits & ~8) : bits;
  }
  uint64_t offered_features() override { return features; }
  void accept_features(uint64_t agreed) override { accepted = agreed; }
  uint16_t queue_size_max(uint16_t) override { return queue_size; }
  void enable_queue(uint16_t queue, uint16_t size, const QueueAddresses& addresses) override {
    queues[queue] = {};
    queues[queue].at = addresses;
    queues[queue].size = size;
  }
  void notify(uint16_t queue) override { on_notify(queue); }
  uint8_t config(uint32_t offset) override {
    return offset < config_bytes.size() ? config_bytes[offset] : 0xff;
  }
  uint32_t config_generation() override { return 0; }
  void pause() override { on_pause(); }
  void resume_all() override {}

 private:
  uint8_t status_ = 0;
};

// The bytes of a little-endian number.
inline void put_config(std::vector<uint8_t>& config, size_t offset, uint64_t value, size_t bytes) {
  if (config.size() < offset + bytes) config.resize(offset + bytes);
  for (size_t i = 0; i < bytes; ++i) config[offset + i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace libos_test
