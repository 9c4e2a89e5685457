#pragma once
// Who called whom, and the names of functions.

#include <cstdint>
#include <string_view>

#include <ukstore/libos/core/descriptors.h>
#include <ukstore/libos/core/text.h>

namespace ukstore::libos {

struct Symbol {
  std::string_view name;  // "?" if unknown
  uint64_t offset;
};

// The function that holds `address`, from the table that the image carries.
Symbol symbol_of(uint64_t address);

// The image's build id in hexadecimal.
void add_build_id(Text<41>& text);

// Registers to unwind from.
struct UnwindStart {
  uint64_t rip, rsp, rbp, rbx, r12, r13, r14, r15;
  static UnwindStart of(const TrapFrame& frame) {
    return {frame.rip, frame.rsp, frame.rbp, frame.rbx, frame.r12, frame.r13, frame.r14, frame.r15};
  }
  static UnwindStart here();
};

// Calls `found` with the address of each frame, innermost first.  Reads nothing but mapped memory,
// and goes by the image's .eh_frame.
void backtrace(const UnwindStart& from, void (*found)(uint64_t address));

}  // namespace ukstore::libos
