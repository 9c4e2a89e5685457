#pragma once
// Who called whom, and the names of functions.

#include <cstdint>

#include <ukstore/libos/core/call_frames.h>
#include <ukstore/libos/core/descriptors.h>
#include <ukstore/libos/core/symbol_names.h>

namespace ukstore::libos {

// The function that holds `address`, from the table that the image carries; "?" if none does.
Symbol symbol_of(uint64_t address);

// The image's build id in hexadecimal; empty if it has none.
void add_build_id(Text<41>& text);

// The registers where an exception came, or where this is called.
FrameRegisters registers_of(const TrapFrame& frame);
FrameRegisters registers_here();

// Calls `found` with an address in each function of the stack, innermost first, through the border
// between libos and the program.  Reads nothing but mapped memory.
void backtrace(FrameRegisters from, void (*found)(uint64_t address));

}  // namespace ukstore::libos
