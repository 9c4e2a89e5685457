#pragma once
// What the machine has done since it started.  A program reads them by kCountersCall.

#include <cstdint>

namespace ukstore::libos {

struct Counters {
  uint64_t system_calls, page_faults, interrupts;
  uint64_t disk_requests, disk_bytes_read, disk_bytes_written, disk_flushes, disk_errors;
  uint64_t cache_hits, cache_misses, cache_evictions;
  uint64_t frames_received, frames_sent, frames_dropped;
  uint64_t device_faults;  // values from a device that were out of bounds, and were not believed
  uint64_t frames_total, frames_free, frames_committed, frames_table;  // of memory
  uint64_t threads;
};

extern Counters counters;

}  // namespace ukstore::libos
