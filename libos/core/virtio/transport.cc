#include <ukstore/libos/core/virtio/transport.h>

namespace ukstore::libos {
namespace {

enum StatusBit : uint8_t {
  kAcknowledge = 1,
  kDriver = 2,
  kDriverOk = 4,
  kFeaturesOk = 8,
  kFailed = 128
};

}  // namespace

uint64_t negotiate(Transport& transport, uint64_t wanted) {
  transport.reset();
  transport.set_status(kAcknowledge);
  transport.set_status(kAcknowledge | kDriver);
  uint64_t agreed = transport.offered_features() & (wanted | feature::kVersion1);
  if (agreed & feature::kVersion1) {
    transport.accept_features(agreed);
    transport.set_status(kAcknowledge | kDriver | kFeaturesOk);
    if (transport.status() & kFeaturesOk) return agreed;
  }
  transport.set_status(kFailed);
  return 0;
}

void driver_ok(Transport& transport) {
  transport.set_status(kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
}

uint64_t read_config(Transport& transport, uint32_t offset, uint32_t bytes) {
  constexpr int kTriesMax = 16;  // a device that never rests is read as it stands
  uint64_t value = 0;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    uint32_t before = transport.config_generation();
    value = 0;
    for (uint32_t i = 0; i < bytes; ++i) {
      value |= static_cast<uint64_t>(transport.config(offset + i)) << (8 * i);
    }
    if (transport.config_generation() == before) break;
  }
  return value;
}

}  // namespace ukstore::libos
