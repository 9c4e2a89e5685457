#pragma once
// The address space.  All of it is ring 0; what separates program and libos is the mapping's
// rights.
//
//   0                      nothing (the null page and all below the image)
//   0x200000               the image, where the loader put it: text RX, constants R, data RW
//   0x0000'1000'0000'0000  program break
//   0x0000'2000'0000'0000  mmap
//   0xffff'8000'0000'0000  direct map: every frame of RAM, RW or R, never X
//   0xffff'c000'0000'0000  device registers, uncached
//   0xffff'd000'0000'0000  libos's own stacks and tables, with guard pages

#include <cstddef>
#include <cstdint>

namespace ukstore::libos {

inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint64_t kBreakBase = 0x0000'1000'0000'0000;
inline constexpr uint64_t kBreakEnd = 0x0000'1100'0000'0000;
inline constexpr uint64_t kMmapBase = 0x0000'2000'0000'0000;
inline constexpr uint64_t kMmapEnd = 0x0000'7000'0000'0000;
inline constexpr uint64_t kDirectBase = 0xffff'8000'0000'0000;
inline constexpr uint64_t kDeviceBase = 0xffff'c000'0000'0000;
inline constexpr uint64_t kKernelBase = 0xffff'd000'0000'0000;

template <typename T = std::byte>
T* direct(uint64_t physical) {
  return reinterpret_cast<T*>(kDirectBase + physical);
}
inline uint64_t physical_of_direct(const void* pointer) {
  return reinterpret_cast<uint64_t>(pointer) - kDirectBase;
}

constexpr uint64_t page_floor(uint64_t address) { return address & ~(kPageBytes - 1); }
constexpr uint64_t page_ceil(uint64_t address) { return page_floor(address + kPageBytes - 1); }

}  // namespace ukstore::libos

// Borders of the image, from image.ld.
extern "C" {
extern std::byte libos_image_start[], libos_text_end[], libos_rodata_start[], libos_rodata_end[],
    libos_data_start[], libos_sealed_start[], libos_sealed_end[], libos_image_end[];
}
