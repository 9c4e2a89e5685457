#pragma once
// What a power cut may leave on the disk, for every point of a recorded run.
//
// At a cut, each write that was not flushed is on the disk, or not, or in some of its sectors of
// 512 bytes.  For each point just before a flush takes effect this makes files from the flushed
// prefix and subsets of the other writes: none, all, each one alone, all but one, random ones,
// random sectors.

#include "io_tap.h"

#include <functional>
#include <random>
#include <string>

namespace ukstore::tests {

// Where in the trace a commit began, and where the caller was told that it is done.
struct CommitMark {
  uint64_t commit = 0;  // from 1, in order
  size_t begun = 0;     // operations recorded before it
  size_t durable = 0;   // recorded when the promise was given that it survives; SIZE_MAX if never
};

struct Recording {
  Bytes before;  // the file at the start, on the disk
  std::vector<IoOp> ops;
  std::vector<CommitMark> commits;
};

// One possible disk, and the first and last commit that its store may end with.
struct CrashImage {
  Bytes file;
  uint64_t least = 0, most = 0;
  std::string description;
};

// Calls `visit` for about `images` images, spread over all points of the recording.
void for_each_power_cut(const Recording& recording, size_t images, uint64_t seed,
                        const std::function<void(const CrashImage&)>& visit);

}  // namespace ukstore::tests
