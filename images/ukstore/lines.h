#pragma once
// Lines from a descriptor, one at a time.

#include <ukstore/store/bytes.h>

#include <cstddef>
#include <optional>

namespace ukstore::cli {

class LineReader {
 public:
  // The descriptor is borrowed.
  explicit LineReader(int fd) : fd_(fd) {}
  // The next line without its end; nullopt after the last.  What stands behind the last line end is
  // a line, too.  Throws a Failure if it cannot be read or is over a GiB long.
  std::optional<Bytes> next();
  // Of the last line given out, from 1.
  size_t number() const { return number_; }

 private:
  bool fill();
  const int fd_;
  Bytes buffer_;
  size_t start_ = 0;
  bool ended_ = false;
  size_t number_ = 0;
};

}  // namespace ukstore::cli
