#pragma once
// How a driver reaches its virtio device (virtio 1.2): mmio version 2, or modern PCI; in the tests,
// a fake one that lies.

#include <cstdint>

namespace ukstore::libos {

namespace feature {
inline constexpr uint64_t kVersion1 = uint64_t{1} << 32;
}

enum class DeviceKind : uint32_t { none = 0, net = 1, block = 2, console = 3, random = 4 };

// Where a queue's three parts lie, as the device sees them.
struct QueueAddresses {
  uint64_t descriptors, available, used;
};

class Transport {
 public:
  virtual DeviceKind kind() const = 0;

  virtual void reset() = 0;
  virtual uint8_t status() = 0;
  virtual void set_status(uint8_t bits) = 0;
  virtual uint64_t offered_features() = 0;
  virtual void accept_features(uint64_t features) = 0;

  // The most descriptors that the device's queue takes; 0 if it has no such queue.
  virtual uint16_t queue_size_max(uint16_t queue) = 0;
  virtual void enable_queue(uint16_t queue, uint16_t size, const QueueAddresses& addresses) = 0;
  virtual void notify(uint16_t queue) = 0;

  // A byte of the device's configuration space; 0xff beyond its end.
  virtual uint8_t config(uint32_t offset) = 0;
  virtual uint32_t config_generation() = 0;

  // Returns when the device may have done something.  The caller looks at its rings again.
  virtual void pause() = 0;
  // Ends the pause of every thread: one of them has seen what another waits for.
  virtual void resume_all() = 0;

 protected:
  ~Transport() = default;
};

// Resets the device and agrees on those of `wanted` that it offers, and on virtio 1; the agreed
// features, or 0 if the device refuses (it is then marked failed).
uint64_t negotiate(Transport& transport, uint64_t wanted);

// Tells the device that its driver is ready.
void driver_ok(Transport& transport);

// A little-endian number of the configuration space, read again while the device changes it.
uint64_t read_config(Transport& transport, uint32_t offset, uint32_t bytes);

}  // namespace ukstore::libos
