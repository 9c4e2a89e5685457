#include <ukstore/libos/core/frames.h>

#include <cstring>

#include <ukstore/libos/core/panic.h>

namespace ukstore::libos {
namespace {

// A frame that was never used is found by walking `ranges`; a freed one on a list through `next`.
struct Frame {
  uint32_t next;
  FrameKind kind;
};

constexpr size_t kRangesMax = 32;
RamRange ranges[kRangesMax];
size_t range_count = 0;
size_t fresh_range = 0;
uint64_t fresh_at = 0;
uint64_t top = 0;
Frame* frame_table = nullptr;
uint32_t free_list = 0;

uint64_t total = 0, used = 0, base_used = 0, committed = 0, tables = 0;

uint64_t image_begin() { return reinterpret_cast<uint64_t>(libos_image_start); }
uint64_t image_end() { return page_ceil(reinterpret_cast<uint64_t>(libos_image_end)); }

Frame& frame(uint64_t physical) { return frame_table[physical / kPageBytes]; }

// The next never-used frame that is not the image's; 0 if none.
uint64_t take_fresh() {
  while (fresh_range < range_count) {
    RamRange& range = ranges[fresh_range];
    if (fresh_at < range.begin) fresh_at = range.begin;
    if (fresh_at >= image_begin() && fresh_at < image_end()) fresh_at = image_end();
    if (fresh_at + kPageBytes <= range.end) {
      fresh_at += kPageBytes;
      return fresh_at - kPageBytes;
    }
    ++fresh_range;
  }
  return 0;
}

// The frame table must be contiguous: the first place of its size beside the image.
uint64_t place_table(uint64_t bytes) {
  for (size_t i = 0; i < range_count; ++i) {
    uint64_t begin = ranges[i].begin, end = ranges[i].end;
    bool holds_image = begin < image_end() && image_begin() < end;
    if (holds_image && image_begin() >= begin + bytes) return begin;
    if (holds_image) begin = image_end();
    if (begin < end && end - begin >= bytes) return begin;
  }
  panic(Trap::bad_machine, "too little memory for ", bytes, " bytes of frame table");
}

void mark(const std::byte* begin, const std::byte* end, FrameKind kind) {
  for (uint64_t at = page_floor(reinterpret_cast<uint64_t>(begin));
       at < reinterpret_cast<uint64_t>(end); at += kPageBytes) {
    frame(at).kind = kind;
  }
}

}  // namespace

void frames_start(std::span<const RamRange> given) {
  for (const RamRange& range : given) {
    if (range_count == kRangesMax || range.begin >= range.end) continue;
    ranges[range_count++] = range;
    total += (range.end - range.begin) / kPageBytes;
    if (range.end > top) top = range.end;
  }
  uint64_t bytes = page_ceil(top / kPageBytes * sizeof(Frame));
  uint64_t table = place_table(bytes);
  frame_table = direct<Frame>(table);
  std::memset(frame_table, 0, bytes);
  for (size_t i = 0; i < range_count; ++i) {
    for (uint64_t at = ranges[i].begin; at < ranges[i].end; at += kPageBytes) {
      frame(at).kind = FrameKind::free;
    }
  }
  mark(libos_image_start, libos_image_end, FrameKind::image_data);
  mark(libos_image_start, libos_text_end, FrameKind::text);
  mark(libos_rodata_start, libos_rodata_end, FrameKind::rodata);
  mark(libos_sealed_start, libos_sealed_end, FrameKind::rodata);
  // The table's frames are not for the pool.
  for (uint64_t at = table; at < table + bytes; at += kPageBytes) frame(at).kind = FrameKind::data;
  used = base_used = (image_end() - image_begin() + bytes) / kPageBytes;
}

std::span<const RamRange> ram_ranges() { return {ranges, range_count}; }
uint64_t ram_end() { return top; }

FrameKind frame_kind(uint64_t physical) {
  return physical < top ? frame(physical).kind : FrameKind::none;
}

uint64_t allocate_frame(FrameKind kind) {
  uint64_t physical = 0;
  if (free_list) {
    physical = free_list * kPageBytes;
    free_list = frame(physical).next;
  } else {
    do {
      physical = take_fresh();
    } while (physical && frame(physical).kind != FrameKind::free);
  }
  if (!physical) return 0;
  frame(physical).kind = kind;
  ++used;
  if (kind == FrameKind::table) ++tables;
  std::memset(direct(physical), 0, kPageBytes);
  return physical;
}

void free_frame(uint64_t physical) {
  require(frame_kind(physical) == FrameKind::data, "free_frame: not a data frame");
  frame(physical).kind = FrameKind::free;
  frame(physical).next = free_list;
  free_list = static_cast<uint32_t>(physical / kPageBytes);
  --used;
}

bool commit(uint64_t frames) {
  if (frames > frames_uncommitted()) return false;
  committed += frames;
  return true;
}
void uncommit(uint64_t frames) {
  require(frames <= committed, "uncommit: more than was committed");
  committed -= frames;
}

uint64_t frames_uncommitted() { return total - base_used - committed; }

MemoryCounters memory_counters() {
  return {.frames_total = total,
          .frames_free = total - used,
          .frames_committed = committed,
          .frames_table = tables};
}

}  // namespace ukstore::libos
