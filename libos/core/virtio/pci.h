#pragma once
// virtio over PCI, modern devices only, with one MSI-X vector each.

#include <ukstore/libos/core/virtio/mmio.h>

namespace ukstore::libos {

// A function on bus 0 to 255.
struct PciAddress {
  uint8_t bus, device, function;
};

// Calls `found` for each function with virtio's vendor id.  Nothing happens on a machine without
// PCI.
void scan_pci(void (*found)(PciAddress at, void* context), void* context);

class PciTransport final : public MachineTransport {
 public:
  // kind() is none afterwards if the function is no modern virtio device with MSI-X.
  void start(PciAddress at, uint8_t vector);

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
  void interrupt() override { resume_all(); }

 private:
  static constexpr uint16_t kQueuesMax = 8;
  struct Area {
    volatile std::byte* at = nullptr;
    uint32_t bytes = 0;
  };

  Area map(PciAddress at, uint8_t bar, uint32_t offset, uint32_t bytes);
  void read_capabilities(PciAddress at);
  bool start_msix(PciAddress at, uint8_t capability, uint8_t vector);
  template <typename T>
  T get(uint32_t offset) const;
  template <typename T>
  void set(uint32_t offset, T value);

  Area common_, notify_, device_;
  uint32_t notify_multiplier_ = 0;
  uint8_t msix_capability_ = 0;
  uint32_t notify_offset_[kQueuesMax] = {};
  DeviceKind kind_ = DeviceKind::none;
};

}  // namespace ukstore::libos
