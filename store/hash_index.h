#pragma once
// From the name of an object to where it lies.  docs/decisions/0001-index-as-sorted-runs.md says
// why it looks like this.
//
// Invariants:
// 1. Segments up to the high-water mark are in the index's runs; the tables of those above it are
// searched
//    directly, through `RecentHashes`.
// 2. The mark is never above the last segment; an index ahead of its segments is `corrupt`.
// 3. All of it can be rebuilt from the segments.

#include <ukstore/store/recent_hashes.h>
#include <ukstore/store/segment_cache.h>

#include <mutex>

namespace ukstore {

class HashIndex {
 public:
  // Both outlive the index.
  HashIndex(const Backend& backend, const SegmentCache& segments);

  // Where the object named `hash` lies; nullopt if the store has none.
  Result<std::optional<Address>> find(const Hash& hash) const;
  // Names that start with these hex digits, at least 4 (else `invalid`), sorted, at most `limit`.
  Result<std::vector<Hash>> find_prefix(std::string_view hex, size_t limit) const;

  Result<void> update(Write& write);
  Result<void> rebuild(Write& write);

 private:
  // Brings `recent_` up to the segment `last`.
  Result<void> catch_up(uint64_t last) const;

  const Backend& backend_;
  const SegmentCache& segments_;
  mutable std::mutex mutex_;  // guards what is below
  mutable RecentHashes recent_;
  mutable uint64_t recent_last_ = 0;
};

}  // namespace ukstore
