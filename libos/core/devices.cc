#include <ukstore/libos/core/devices.h>
namespace ukstore::libos {
void devices_start(const Settings&) {}
bool random_from_device(std::span<std::byte>) { return false; }
}
