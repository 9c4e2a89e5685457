#pragma once
// Slices: a piece of history as one stream of bytes, for bundles, backups and peers that have
// nothing better.
//
// A slice holds the objects that its heads reach and its haves do not, children before parents,
// without their names: whoever reads it names them anew, so that nothing in it needs to be
// believed.  Bytes: docs/format.md, "Slices".

#include <ukstore/store/store.h>

namespace ukstore {

struct SliceRequest {
  std::vector<Ref> heads;
  // Commits that the reader has, with all their history.  Ones that this store has not are passed
  // over.
  std::vector<ObjectRef> haves{};
};

struct SliceCounts {
  uint64_t objects = 0;
  uint64_t commits = 0;
  uint64_t bytes = 0;  // of the stream
};

// Takes the stream piece by piece; an error ends the writing and comes back.
using ByteSink = std::function<Result<void>(BytesView)>;
// Fills the front of a buffer; returns how many bytes, 0 at the end.
using ByteSource = std::function<Result<size_t>(std::span<char>)>;

// Writes a slice.  Keeps the names of the commits in memory, and of at most 2^18 of the other
// objects, so one that is shared by commits far apart may come twice.
Result<SliceCounts> write_slice(const Store& store, const SliceRequest& request,
                                const ByteSink& sink);

struct SliceLimits {
  uint64_t objects_max = UINT64_MAX;
  uint64_t bytes_max = UINT64_MAX;
};

struct AppliedSlice {
  std::vector<Ref> heads;  // as the writer named them; set those that you want
  SliceCounts counts;
};

// Brings the objects of a slice into the store, in memory of a few MiB and 48 bytes an object of
// the last few MiB.  No ref moves (a transaction may move refs to the heads afterwards), so a slice
// that fails leaves nothing but garbage. Every object is named by its own bytes, checked alone
// (`validate`) and against all that it names
// (`check_links`), which must be there.  `corrupt` for anything else, `limit` beyond the limits.
Result<AppliedSlice> apply_slice(Store& store, const ByteSource& source,
                                 const SliceLimits& limits = {});

}  // namespace ukstore
