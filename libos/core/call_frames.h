#pragma once
// Call frame information (.eh_frame: DWARF 5, 6.4, as the x86-64 ABI and the LSB lay it out),
// enough of it to walk up a stack.  Knows no machine: memory is read through a function.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ukstore::libos {

// By DWARF's numbers: 3 rbx, 6 rbp, 7 rsp, 12 to 15 r12 to r15, 16 the return address.
struct FrameRegisters {
  static constexpr size_t kRbx = 3, kRbp = 6, kRsp = 7, kRip = 16, kCount = 17;
  std::array<uint64_t, kCount> value = {};
};

// Eight bytes at an address; nullopt where nothing can be read.
using ReadWord = std::optional<uint64_t> (*)(uint64_t address);

// The caller's registers; nullopt if the table says nothing of this place, or says it in a way that
// is not understood.  `rip` must be inside the calling instruction: for a return address, one less.
std::optional<FrameRegisters> caller_of(std::span<const std::byte> eh_frame,
                                        const FrameRegisters& registers, uint64_t rip,
                                        ReadWord read);

}  // namespace ukstore::libos
