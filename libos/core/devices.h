#pragma once
// The devices of this machine, and what the rest of libos asks of them.

#include <cstddef>
#include <span>

#include <ukstore/libos/core/settings.h>

namespace ukstore::libos {

// Finds and starts every device.
void devices_start(const Settings& settings);

// Fills `out` from virtio-rng; false if there is none.
bool random_from_device(std::span<std::byte> out);

}  // namespace ukstore::libos
