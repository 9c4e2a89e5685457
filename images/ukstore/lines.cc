#include <ukstore/images/ukstore/lines.h>

#include <ukstore/images/ukstore/failure.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ukstore::cli {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kLineBytesMax = size_t{1} << 30;

}  // namespace

std::optional<Bytes> LineReader::next() {
  size_t searched = start_;
  for (;;) {
    const size_t end = buffer_.find('\n', searched);
    if (end != Bytes::npos) {
      Bytes line = buffer_.substr(start_, end - start_);
      start_ = end + 1;
      ++number_;
      return line;
    }
    searched = buffer_.size() - start_;
    if (fill()) continue;
    if (start_ == buffer_.size()) return std::nullopt;
    Bytes line = buffer_.substr(start_);
    start_ = buffer_.size();
    ++number_;
    return line;
  }
}

// Moves what is left to the front and reads a piece behind it; false at the end.
bool LineReader::fill() {
  if (ended_) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  if (buffer_.size() > kLineBytesMax) {
    throw Failure{Exit::full,
                  "line " + std::to_string(number_ + 1) + " is longer than a gibibyte",
                  {},
                  {"write such a value alone: ukstore set PATH - < FILE"}};
  }
  const size_t had = buffer_.size();
  buffer_.resize(had + kPieceBytes);
  for (;;) {
    const ssize_t size = ::read(fd_, buffer_.data() + had, kPieceBytes);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      throw Failure{Exit::io,
                    "cannot read standard input",
                    {std::strerror(errno)},
                    {"look at what feeds it, then run the command again"}};
    }
    buffer_.resize(had + static_cast<size_t>(size));
    ended_ = size == 0;
    return size > 0;
  }
}

}  // namespace ukstore::cli
