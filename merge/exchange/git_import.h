#pragma once
// Histories of git, out of a `git fast-import` stream.
//
//     git fast-export --full-tree --reencode=no --signed-tags=verbatim --show-original-ids
//         --branches --tags
//
// gives all that a history holds; plain streams do as well.  docs/exchange.md says what becomes
// what.  In short:
//
// 1. Each commit of git is one ordinary commit with the same parents, signatures, message and
//    headers.  Its state is the canonical merge of its parents, plus `set` and `remove` where
//    git's tree differs.  The dots are minted from the id that git's own fast-import gives the
//    commit, so the same history gives the same commits wherever it is imported.
// 2. refs/heads/X is branch X and refs/tags/X is tag X, light or annotated; any other ref is a
//    branch under its full name.
// 3. All refs move in one transaction at the end.  Until then nothing is visible, and an import
// that
//    is broken off leaves no more than garbage, which collection frees.
// 4. Memory is bounded: about 64 MiB for trees and 16 MiB for what is staged, and some 150 bytes
// for
//    each commit and content of the stream.

#include <ukstore/merge/exchange/byte_stream.h>
#include <ukstore/merge/exchange/git_id.h>
#include <ukstore/store/store.h>

namespace ukstore {

// What to do with a ref that stands elsewhere.
enum class ExistingRef {
  forward_only,  // it moves if it stands at an ancestor; else `moved`, and nothing happens
  replace,       // it moves
};

struct GitImportOptions {
  ExistingRef existing = ExistingRef::forward_only;
  ByteSink* map = nullptr;  // gets a line "GIT-ID COMMIT" for each commit, in order; borrowed
  ProgressCallback progress{};
  TransactOptions transact{};
  uint64_t tree_bytes_max = uint64_t{64} << 20;  // for the trees of git that are kept at hand
};

// A commit that git's fast-import would give another id than the one that the stream says it had.
struct GitDifference {
  GitId original;
  GitId imported;
  std::string cause;
};

struct GitImportReport {
  uint64_t commits = 0;
  uint64_t merges = 0;
  uint64_t contents = 0;
  uint64_t tags = 0;  // annotated
  std::vector<RefChange> refs;
  std::vector<GitDifference> differences;  // the first 1,000
  uint64_t difference_count = 0;
};

// `invalid` for a stream that breaks the format or ends early, `unsupported` for what this cannot
// hold, `moved` for refs that stand elsewhere, `closed` if the progress callback says stop.
Result<GitImportReport> import_git(Store& store, ByteSource& source,
                                   const GitImportOptions& options = {});

}  // namespace ukstore
