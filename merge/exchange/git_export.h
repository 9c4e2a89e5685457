#pragma once
// Branches and tags with their whole history as a `git fast-import` stream.
//
// What import_git read comes out with the ids that git's own fast-import gives the same stream.
// What was made here becomes commits of git too: typed values by what they show (value_view.h),
// commits without a committer (canonical merges) with the committer "ukstore <> 0 +0000".

#include <ukstore/merge/exchange/byte_stream.h>
#include <ukstore/store/store.h>

namespace ukstore {

struct GitExportOptions {
  std::vector<Ref> refs{};  // empty: all branches and tags
  ProgressCallback progress{};
};

struct GitConflict {
  Hash commit;
  Bytes path;
};

struct GitExportReport {
  uint64_t commits = 0;
  uint64_t contents = 0;
  // Where a commit holds a conflict value: git gets a text with its terms, or, where files stand
  // below it, those.  The first 1,000, and how many.
  std::vector<GitConflict> conflicts;
  uint64_t conflict_count = 0;
  // Commits with a header that not every git's fast-import takes ("gpgsig"): the first 1,000, and
  // how many.
  std::vector<std::pair<Hash, Bytes>> headers;
  uint64_t header_count = 0;
};

// `invalid` for a branch or tag whose name git does not allow; `closed` if the progress callback
// says stop or the reader has gone.
Result<GitExportReport> export_git(Store& store, ByteSink& sink,
                                   const GitExportOptions& options = {});

}  // namespace ukstore
