#pragma once
// Grows a data file ahead of what is written to it.
//
// A flush of a file that has grown writes the file system's journal besides the data, and so does
// one that fills blocks which were only reserved (fallocate).  Blocks that were written before, if
// only with zeros, cost the data alone: so zeros are written behind the end, some steps ahead.
//
// Invariants:
// 1. Only what lies behind the end of the file is written, and only by who holds the writer lock:
//    no page that LMDB knows is touched.
// 2. Nothing depends on the zeros.  LMDB goes by its meta pages, never by the size of the file, so
//    a power cut may keep or lose any of them, and a full disk is no failure.

#include <cstdint>

namespace ukstore {

class GrowAhead {
 public:
  // The descriptor is borrowed.  Files that are not regular (devices) do not grow.
  explicit GrowAhead(int fd) : fd_(fd) {}

  // To be called under the writer lock, after a commit that waited for the disk and left
  // `used_bytes` of the file in use.
  void committed(uint64_t used_bytes);

  // A store that is opened for a few commits is left as small as it is.
  static constexpr int kCommitsMin = 4;
  // How much is written at once: a share of the file, so that it stays small beside what is stored.
  static constexpr uint64_t kShare = 16;
  static constexpr uint64_t kStepBytesMin = 64 << 10;
  static constexpr uint64_t kStepBytesMax = 2 << 20;

 private:
  void append_zeros(uint64_t from, uint64_t bytes);

  const int fd_;
  int commits_ = 0;
  uint64_t used_bytes_ = 0;    // after the last commit
  uint64_t end_bytes_ = 0;     // of the file, as last seen
  uint64_t growth_bytes_ = 0;  // by the last commit
  bool refused_ = false;       // by the file system, or not a regular file
};

}  // namespace ukstore
