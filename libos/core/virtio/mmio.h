#pragma once
// virtio over memory-mapped registers, version 2, and what both transports share.

#include <ukstore/libos/core/settings.h>
#include <ukstore/libos/core/thread.h>
#include <ukstore/libos/core/virtio/transport.h>

namespace ukstore::libos {

// A transport whose pause() sleeps until the device's interrupt.
class MachineTransport : public Transport {
 public:
  void pause() final { wait(waiting_, kForever); }
  void resume_all() final { wake_all(waiting_); }
  // The device's interrupt has come.
  virtual void interrupt() = 0;

 protected:
  ~MachineTransport() = default;

 private:
  WaitQueue waiting_;
};

class MmioTransport final : public MachineTransport {
 public:
  // Panics on registers of version 1.
  void start(const MmioDevice& device, uint8_t vector);

  DeviceKind kind() const override { return kind_; }
  void reset() override;
  uint8_t status() override;
  void set_status(uint8_t bits) override;
  uint64_t offered_features() override;
  void accept_features(uint64_t features) override;
  uint16_t queue_size_max(uint16_t queue) override;
  void enable_queue(uint16_t queue, uint16_t size, const QueueAddresses& addresses) override;
  void notify(uint16_t queue) override;
  uint8_t config(uint32_t offset) override;
  uint32_t config_generation() override;
  void interrupt() override;

 private:
  uint32_t get(uint32_t offset) const { return registers_[offset / 4]; }
  void set(uint32_t offset, uint32_t value) { registers_[offset / 4] = value; }
  void set_address(uint32_t offset, uint64_t address);

  volatile uint32_t* registers_ = nullptr;
  uint32_t config_bytes_ = 0;
  DeviceKind kind_ = DeviceKind::none;
};

}  // namespace ukstore::libos
