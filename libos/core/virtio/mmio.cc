#include <ukstore/libos/core/virtio/mmio.h>

#include <ukstore/libos/core/apic.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

constexpr uint32_t kMagic = 0x74726976;
constexpr uint32_t kConfigAt = 0x100;

enum Register : uint32_t {
  kMagicValue = 0x000,
  kVersion = 0x004,
  kDeviceId = 0x008,
  kDeviceFeatures = 0x010,
  kDeviceFeaturesSelect = 0x014,
  kDriverFeatures = 0x020,
  kDriverFeaturesSelect = 0x024,
  kQueueSelect = 0x030,
  kQueueSizeMax = 0x034,
  kQueueSize = 0x038,
  kQueueReady = 0x044,
  kQueueNotify = 0x050,
  kInterruptStatus = 0x060,
  kInterruptAcknowledge = 0x064,
  kStatus = 0x070,
  kQueueDescriptors = 0x080,
  kQueueAvailable = 0x090,
  kQueueUsed = 0x0a0,
  kConfigGeneration = 0x0fc,
};

}  // namespace

void MmioTransport::start(const MmioDevice& device, uint8_t vector) {
  if (device.bytes < kConfigAt || device.address % 4) {
    panic(Trap::bad_command_line, "no virtio registers fit at ", hex(device.address));
  }
  registers_ = reinterpret_cast<volatile uint32_t*>(map_device(device.address, device.bytes));
  config_bytes_ = device.bytes - kConfigAt;
  if (get(kMagicValue) != kMagic || get(kDeviceId) == 0) return;
  if (get(kVersion) != 2) {
    panic(Trap::bad_machine, "virtio-mmio at ", hex(device.address), " is version ", get(kVersion),
          "; version 2 is needed (QEMU: -global virtio-mmio.force-legacy=false)");
  }
  kind_ = static_cast<DeviceKind>(get(kDeviceId));
  route_line(device.irq, vector);
}

void MmioTransport::reset() {
  set(kStatus, 0);
  for (int tries = 0; get(kStatus) != 0 && tries < 1000000; ++tries) {
  }
}

uint8_t MmioTransport::status() { return static_cast<uint8_t>(get(kStatus)); }
void MmioTransport::set_status(uint8_t bits) { set(kStatus, bits); }

uint64_t MmioTransport::offered_features() {
  set(kDeviceFeaturesSelect, 0);
  uint64_t low = get(kDeviceFeatures);
  set(kDeviceFeaturesSelect, 1);
  return low | static_cast<uint64_t>(get(kDeviceFeatures)) << 32;
}

void MmioTransport::accept_features(uint64_t features) {
  set(kDriverFeaturesSelect, 0);
  set(kDriverFeatures, static_cast<uint32_t>(features));
  set(kDriverFeaturesSelect, 1);
  set(kDriverFeatures, static_cast<uint32_t>(features >> 32));
}

uint16_t MmioTransport::queue_size_max(uint16_t queue) {
  set(kQueueSelect, queue);
  uint32_t size = get(kQueueSizeMax);
  return size > 32768 ? uint16_t{32768} : static_cast<uint16_t>(size);
}

void MmioTransport::set_address(uint32_t offset, uint64_t address) {
  set(offset, static_cast<uint32_t>(address));
  set(offset + 4, static_cast<uint32_t>(address >> 32));
}

void MmioTransport::enable_queue(uint16_t queue, uint16_t size, const QueueAddresses& addresses) {
  set(kQueueSelect, queue);
  set(kQueueSize, size);
  set_address(kQueueDescriptors, addresses.descriptors);
  set_address(kQueueAvailable, addresses.available);
  set_address(kQueueUsed, addresses.used);
  set(kQueueReady, 1);
}

void MmioTransport::notify(uint16_t queue) { set(kQueueNotify, queue); }

uint8_t MmioTransport::config(uint32_t offset) {
  if (offset >= config_bytes_) return 0xff;
  return reinterpret_cast<volatile uint8_t*>(registers_)[kConfigAt + offset];
}

uint32_t MmioTransport::config_generation() { return get(kConfigGeneration); }

void MmioTransport::interrupt() {
  set(kInterruptAcknowledge, get(kInterruptStatus));
  resume_all();
}

}  // namespace ukstore::libos
