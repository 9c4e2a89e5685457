#include <ukstore/libos/core/virtio/pci.h>

#include <ukstore/libos/core/apic.h>
#include <ukstore/libos/core/console.h>
#include <ukstore/libos/core/paging.h>
#include <ukstore/libos/core/panic.h>
#include <ukstore/libos/core/x86.h>

namespace ukstore::libos {
namespace {

constexpr uint16_t kVirtioVendor = 0x1af4, kModernDeviceFirst = 0x1040;
constexpr uint8_t kVendorCapability = 0x09, kMsixCapability = 0x11;
constexpr int kCapabilitiesMax = 48;

enum CapabilityType : uint8_t { kCommon = 1, kNotify = 2, kDevice = 4 };

// Offsets in the common configuration (virtio 1.2, 4.1.4.3).
enum Common : uint32_t {
  kDeviceFeatureSelect = 0,
  kDeviceFeature = 4,
  kDriverFeatureSelect = 8,
  kDriverFeature = 12,
  kConfigMsix = 16,
  kDeviceStatus = 20,
  kConfigGeneration = 21,
  kQueueSelect = 22,
  kQueueSize = 24,
  kQueueMsix = 26,
  kQueueEnable = 28,
  kQueueNotifyOff = 30,
  kQueueDesc = 32,
  kQueueDriver = 40,
  kQueueDevice = 48,
  kCommonBytes = 56,
};

void select(PciAddress at, uint8_t offset) {
  out32(0xcf8, 0x80000000u | uint32_t{at.bus} << 16 | uint32_t{at.device} << 11 |
                   uint32_t{at.function} << 8 | (offset & 0xfc));
}
uint32_t read32(PciAddress at, uint8_t offset) {
  select(at, offset);
  return in32(0xcfc);
}
void write32(PciAddress at, uint8_t offset, uint32_t value) {
  select(at, offset);
  out32(0xcfc, value);
}
uint8_t read8(PciAddress at, uint8_t offset) {
  return static_cast<uint8_t>(read32(at, offset) >> (offset % 4 * 8));
}
uint16_t read16(PciAddress at, uint8_t offset) {
  return static_cast<uint16_t>(read32(at, offset) >> (offset % 4 * 8));
}

struct Bar {
  uint64_t address = 0, bytes = 0;
};

// Firmware that only loads a kernel (qboot) leaves the BARs unassigned.  They get addresses from
// the upper part of the hole below 4 GiB, where neither RAM nor, on a PC, anything but PCI is.
constexpr uint64_t kHoleBegin = 0xe0000000, kHoleEnd = 0xfe000000;
uint64_t hole_next = kHoleBegin;

uint64_t assign(PciAddress at, uint8_t offset, bool wide, uint64_t bytes) {
  if (bytes == 0 || bytes & (bytes - 1) || bytes > kHoleEnd - kHoleBegin) return 0;
  uint64_t address = (hole_next + bytes - 1) & ~(bytes - 1);
  if (address + bytes > kHoleEnd) return 0;
  for (const RamRange& range : ram_ranges()) {
    if (range.begin < kHoleEnd && range.end > kHoleBegin) return 0;
  }
  hole_next = address + bytes;
  write32(at, offset, static_cast<uint32_t>(address));
  if (wide) write32(at, static_cast<uint8_t>(offset + 4), 0);
  return address;
}

// Where a memory BAR lies and how long it is; nothing for an I/O one.
Bar bar_of(PciAddress at, uint8_t index) {
  if (index > 5) return {};
  auto offset = static_cast<uint8_t>(0x10 + index * 4);
  uint32_t low = read32(at, offset);
  bool wide = (low & 6) == 4;
  if (low & 1 || (wide && index == 5)) return {};
  auto high_offset = static_cast<uint8_t>(offset + 4);
  uint64_t high = wide ? read32(at, high_offset) : 0;
  write32(at, offset, UINT32_MAX);
  uint64_t mask = read32(at, offset) & ~uint32_t{15};
  write32(at, offset, low);
  if (wide) {
    write32(at, high_offset, UINT32_MAX);
    mask |= static_cast<uint64_t>(read32(at, high_offset)) << 32;
    write32(at, high_offset, static_cast<uint32_t>(high));
  } else {
    mask |= uint64_t{UINT32_MAX} << 32;
  }
  uint64_t address = high << 32 | (low & ~uint32_t{15}), bytes = ~mask + 1;
  if (address == 0) address = assign(at, offset, wide, bytes);
  return {address, bytes};
}

}  // namespace

void scan_pci(void (*found)(PciAddress at, void* context), void* context) {
  if (read32({0, 0, 0}, 0) == UINT32_MAX) return;
  for (unsigned bus = 0; bus < 2; ++bus) {
    for (uint8_t device = 0; device < 32; ++device) {
      for (uint8_t function = 0; function < 8; ++function) {
        PciAddress at{static_cast<uint8_t>(bus), device, function};
        uint16_t vendor = read16(at, 0);
        if (vendor == 0xffff && function == 0) break;
        if (vendor == kVirtioVendor) found(at, context);
        if (function == 0 && !(read8(at, 0x0e) & 0x80)) break;  // one function only
      }
    }
  }
}

PciTransport::Area PciTransport::map(PciAddress at, uint8_t bar, uint32_t offset, uint32_t bytes) {
  Bar place = bar_of(at, bar);
  if (!place.address || bytes == 0 || offset > place.bytes || bytes > place.bytes - offset)
    return {};
  constexpr uint32_t kBytesMax = 1u << 16;
  if (bytes > kBytesMax) bytes = kBytesMax;
  return {map_device(place.address + offset, bytes), bytes};
}

// The list is the device's: its length, its pointers and its areas are bounded.
void PciTransport::read_capabilities(PciAddress at) {
  uint8_t capability = read8(at, 0x34) & 0xfc;
  for (int i = 0; capability && i < kCapabilitiesMax;
       ++i, capability = read8(at, capability + 1) & 0xfc) {
    uint8_t id = read8(at, capability);
    if (id == kMsixCapability) msix_capability_ = capability;
    if (id != kVendorCapability || capability > 256 - 20) continue;
    uint8_t type = read8(at, capability + 3), bar = read8(at, capability + 4);
    uint32_t offset = read32(at, capability + 8), bytes = read32(at, capability + 12);
    if (type == kCommon && !common_.at) common_ = map(at, bar, offset, bytes);
    if (type == kDevice && !device_.at) device_ = map(at, bar, offset, bytes);
    if (type == kNotify && !notify_.at) {
      notify_ = map(at, bar, offset, bytes);
      notify_multiplier_ = read32(at, capability + 16);
    }
  }
}

// Every interrupt of the device goes through the first entry of its table.
bool PciTransport::start_msix(PciAddress at, uint8_t capability, uint8_t vector) {
  uint32_t table = read32(at, capability + 4);
  Area entry = map(at, table & 7, table & ~7u, 16);
  if (!entry.at) return false;
  auto* words = reinterpret_cast<volatile uint32_t*>(entry.at);
  words[0] = static_cast<uint32_t>(msi_address());
  words[1] = 0;
  words[2] = vector;
  words[3] = 0;
  constexpr uint32_t kEnable = 1u << 31, kMaskAll = 1u << 30;
  write32(at, capability, (read32(at, capability) & ~kMaskAll) | kEnable);
  return true;
}

void PciTransport::start(PciAddress at, uint8_t vector) {
  uint16_t id = read16(at, 2);
  if (id < kModernDeviceFirst) {
    log("pci: a virtio device that is not modern was passed over (disable-legacy=on)");
    return;
  }
  constexpr uint32_t kMemory = 2, kBusMaster = 4, kNoLines = 1u << 10;
  read_capabilities(at);
  write32(at, 4, (read32(at, 4) & 0xffff) | kMemory | kBusMaster | kNoLines);
  if (!common_.at || common_.bytes < kCommonBytes || !notify_.at || !msix_capability_ ||
      !start_msix(at, msix_capability_, vector)) {
    log("pci: a virtio device without MSI-X or the areas of virtio 1 was passed over");
    return;
  }
  kind_ = static_cast<DeviceKind>(id - kModernDeviceFirst);
}

template <typename T>
T PciTransport::get(uint32_t offset) const {
  return *reinterpret_cast<volatile T*>(common_.at + offset);
}
template <typename T>
void PciTransport::set(uint32_t offset, T value) {
  *reinterpret_cast<volatile T*>(common_.at + offset) = value;
}

void PciTransport::reset() {
  set<uint8_t>(kDeviceStatus, 0);
  for (int tries = 0; get<uint8_t>(kDeviceStatus) != 0 && tries < 1000000; ++tries) {
  }
  set<uint16_t>(kConfigMsix, 0);
}
uint8_t PciTransport::status() { return get<uint8_t>(kDeviceStatus); }
void PciTransport::set_status(uint8_t bits) { set<uint8_t>(kDeviceStatus, bits); }

uint64_t PciTransport::offered_features() {
  set<uint32_t>(kDeviceFeatureSelect, 0);
  uint64_t low = get<uint32_t>(kDeviceFeature);
  set<uint32_t>(kDeviceFeatureSelect, 1);
  return low | static_cast<uint64_t>(get<uint32_t>(kDeviceFeature)) << 32;
}

void PciTransport::accept_features(uint64_t features) {
  set<uint32_t>(kDriverFeatureSelect, 0);
  set<uint32_t>(kDriverFeature, static_cast<uint32_t>(features));
  set<uint32_t>(kDriverFeatureSelect, 1);
  set<uint32_t>(kDriverFeature, static_cast<uint32_t>(features >> 32));
}

uint16_t PciTransport::queue_size_max(uint16_t queue) {
  if (queue >= kQueuesMax) return 0;
  set<uint16_t>(kQueueSelect, queue);
  return get<uint16_t>(kQueueSize);
}

void PciTransport::enable_queue(uint16_t queue, uint16_t size, const QueueAddresses& addresses) {
  set<uint16_t>(kQueueSelect, queue);
  set<uint16_t>(kQueueSize, size);
  set<uint16_t>(kQueueMsix, 0);
  const uint64_t values[] = {addresses.descriptors, addresses.available, addresses.used};
  const uint32_t offsets[] = {kQueueDesc, kQueueDriver, kQueueDevice};
  for (int i = 0; i < 3; ++i) {
    set<uint32_t>(offsets[i], static_cast<uint32_t>(values[i]));
    set<uint32_t>(offsets[i] + 4, static_cast<uint32_t>(values[i] >> 32));
  }
  uint64_t offset = uint64_t{get<uint16_t>(kQueueNotifyOff)} * notify_multiplier_;
  if (offset + 2 > notify_.bytes) {
    panic(Trap::bad_machine, "a virtio device notifies outside of its area");
  }
  notify_offset_[queue] = static_cast<uint32_t>(offset);
  set<uint16_t>(kQueueEnable, 1);
}

void PciTransport::notify(uint16_t queue) {
  *reinterpret_cast<volatile uint16_t*>(notify_.at + notify_offset_[queue]) = queue;
}

uint8_t PciTransport::config(uint32_t offset) {
  return offset < device_.bytes ? static_cast<uint8_t>(device_.at[offset]) : uint8_t{0xff};
}
uint32_t PciTransport::config_generation() { return get<uint8_t>(kConfigGeneration); }

}  // namespace ukstore::libos
