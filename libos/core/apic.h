#pragma once
// Interrupts: the local APIC with its one-shot timer, and the IO-APIC for virtio-mmio.

#include <cstdint>

namespace ukstore::libos {

inline constexpr uint8_t kTimerVector = 0x20, kDeviceVectorFirst = 0x30, kDeviceVectorLast = 0xef,
                         kSpuriousVector = 0xff;

// The old interrupt controllers are masked, the local APIC is on, its timer off.
void apic_start();

// One interrupt when the monotonic clock reaches `deadline_ns`; replaces the one set before.
void arm_timer(uint64_t deadline_ns);

void end_of_interrupt();

// A vector for a device, and the IO-APIC's line `irq` (0 to 23) sent to it.
uint8_t allocate_vector();
void route_line(uint32_t irq, uint8_t vector);

// What a device writes, and where, to raise `vector` (MSI).
uint64_t msi_address();

}  // namespace ukstore::libos
