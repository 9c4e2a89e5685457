#pragma once
// What the monitor says about the machine (the PVH boot protocol's start info).

#include <array>
#include <cstddef>
#include <cstdint>

#include <ukstore/libos/core/frames.h>

namespace ukstore::libos {

struct Machine {
  std::array<RamRange, 32> ram = {};  // sorted, disjoint, without the first 64 KiB
  size_t ram_count = 0;
  char command_line[4096] = {};
};

// Copies all of it, as it lies in memory that is handed out later.  Panics if it is not there or
// describes no RAM.
Machine read_start_info(uint64_t physical);

}  // namespace ukstore::libos
