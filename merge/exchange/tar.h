#pragma once
// Tar archives (POSIX pax, ustar, GNU) in and out of a branch, through libarchive.
//
// In: files, executables (any x bit) and symlinks become values; a hard link is a copy; directories
// are what their files make them.  Owners, dates and other modes are dropped.  Names that are
// absolute or hold ".." are `invalid`, devices and the like `unsupported`.
//
// Out: entries in the order of paths, of user 0, dated `seconds`, mode 0644, 0755 or 0777: equal
// states give equal archives.  Typed values by what they show (value_view.h); a gitlink is an empty
// directory. Refused are the steps "." and "..", and two names of one directory that a file system
// may take for one: that differ in the case of ASCII letters, or in dots and spaces at the end.

#include <ukstore/merge/exchange/value_import.h>

namespace ukstore {

struct TarImportOptions {
  CommitInfo info{};
  ProgressCallback progress{};
};

// Sets what the archive holds, as one commit on the branch; what else is there stays.
Result<ValueImportReport> import_tar(Store& store, BytesView branch, ByteSource& source,
                                     const TarImportOptions& options = {});

struct TarExportOptions {
  int64_t seconds = 0;  // the date of all entries
};

// The state as an archive.  If it holds conflicts, their paths come back and nothing is written.
Result<std::vector<Bytes>> export_tar(const State& state, ByteSink& sink,
                                      const TarExportOptions& options = {});

}  // namespace ukstore
