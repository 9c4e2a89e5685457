#pragma once
// The devices of this machine, and what the rest of libos asks of them.

#include <cstddef>
#include <cstdint>
#include <span>

#include <ukstore/libos/core/settings.h>
#include <ukstore/libos/core/virtio/net.h>

namespace ukstore::libos {

// Finds and starts every device.  Panics with no_flush on a disk that cannot be trusted.
void devices_start(const Settings& settings);

// Makes a page cache of the memory that is left, if there is a disk, and gives the disk its path.
void disk_start(const Settings& settings);

// Fills `out` from virtio-rng; false if there is none.
bool random_from_device(std::span<std::byte> out);

// The network device; null if there is none.
VirtioNet* network();

// Evicts the clean pages of the disk.
void drop_disk_cache();

// The interrupt of a device has come.
void device_interrupt(uint8_t vector);

// Ends the sleep of the program's wait(): called when the network device has done something.
void network_event();

// Writes the devices' counters into `counters`.
void collect_device_counters();

}  // namespace ukstore::libos
