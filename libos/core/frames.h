#pragma once
// Physical memory, in frames of 4 KiB, and what each frame is used for.

#include <cstdint>
#include <span>

#include <ukstore/libos/core/layout.h>

namespace ukstore::libos {

enum class FrameKind : uint8_t {
  none,  // not RAM, or not ours
  free,
  text,        // program and libos code
  rodata,      // constants, descriptor tables
  image_data,  // .data and .bss
  table,       // page tables
  data,        // anything else
};

// Text, constants and tables are never writable, under any address.
constexpr bool is_protected(FrameKind kind) {
  return kind == FrameKind::text || kind == FrameKind::rodata || kind == FrameKind::table;
}

struct RamRange {
  uint64_t begin = 0, end = 0;  // whole frames
};

struct MemoryCounters {
  uint64_t frames_total, frames_free, frames_committed, frames_table;
};

// Takes over the RAM in `ranges` (sorted, disjoint, below 1 GiB at least enough for the frame
// table). The image's own frames are set apart.
void frames_start(std::span<const RamRange> ranges);
std::span<const RamRange> ram_ranges();
uint64_t ram_end();

FrameKind frame_kind(uint64_t physical);

// A zeroed frame; 0 if there is none left.  Whoever committed first always gets one.
uint64_t allocate_frame(FrameKind kind);
void free_frame(uint64_t physical);

// Strict commitment: true if `frames` more can be promised.  A promise is used up by nothing but
// uncommit(); allocate_frame() does not count against it.
bool commit(uint64_t frames);
void uncommit(uint64_t frames);
uint64_t frames_uncommitted();

MemoryCounters memory_counters();

}  // namespace ukstore::libos
