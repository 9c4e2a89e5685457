#pragma once
// From the name of an object to where it lies.  docs/decisions/0001-index-as-sorted-runs.md says
// why it looks like this.
//
// Invariants:
// 1. Objects of segments up to the manifest's mark are in its runs; the tables of those above it
// are
//    searched directly.
// 2. The mark is never above the last segment; an index ahead of its segments is `corrupt` to
// readers,
//    and the next `update` rebuilds it.
// 3. All of it can be rebuilt from the segments.
// 4. One `update` does a bounded piece of work, however large the index.

#include <ukstore/store/index_run.h>
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

  // Segments above the mark that are left unindexed.
  static constexpr uint64_t kUnindexedMax = 1024;
  // Runs of a tier that are merged into one of the next.
  static constexpr size_t kFanout = 8;

  // The next piece of work, if there is any: a run of new segments, or a part of a merge.
  Result<void> update(Write& write) const;
  Result<void> rebuild(Write& write) const;

 private:
  struct View {
    std::unique_ptr<Snapshot> snapshot;
    IndexManifest manifest;
    uint64_t last_segment;
  };
  Result<View> view() const;
  Result<std::optional<Address>> find_in_runs(const View& view, const Hash& hash) const;
  std::optional<Address> find_in_segments(const View& view, const Hash& hash) const;
  // Brings `recent_` up to the segments of `view`, as far as it has room.
  void catch_up(const View& view) const;
  // The last segment that can be read: those of a write under way cannot, so they are indexed
  // later.
  Result<uint64_t> committed_segment() const;
  // A run of the objects of segments above the mark, up to `last_segment` or what one step takes.
  Result<void> add_run(Write& write, IndexManifest& manifest, uint64_t last_segment) const;

  // The names of this many objects are kept in memory, 10 MiB; tables of segments beyond are
  // searched.
  static constexpr size_t kRecentObjectsMax = size_t{1} << 18;

  const Backend& backend_;
  const SegmentCache& segments_;
  mutable std::mutex mutex_;  // guards what is below
  mutable RecentHashes recent_;
  mutable uint64_t recent_mark_ = 0,
                   recent_last_ = 0;  // it holds segments above the first, up to the last
};

}  // namespace ukstore
