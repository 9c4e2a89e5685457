#pragma once
// Lines and counted bytes out of a stream, in one buffer.

#include <ukstore/merge/exchange/byte_stream.h>

#include <optional>
#include <vector>

namespace ukstore {

class LineReader {
 public:
  // The longest line.  `invalid` beyond it.
  static constexpr size_t kLineBytesMax = 1 << 20;

  // The source is borrowed.
  explicit LineReader(ByteSource& source) : source_(source), buffer_(kFirstBufferBytes) {}

  // The next line without its newline, valid until the next call; nullopt at the end.  A last line
  // without a newline is one too.
  Result<std::optional<BytesView>> line();
  // Skips whole lines as long as they are those of `expected`, which ends with a newline; returns
  // how many bytes and lines.
  struct Skipped {
    size_t bytes = 0;
    uint64_t lines = 0;
  };
  Result<Skipped> skip_lines(BytesView expected);
  // The line that was read last, with its newline if it had one; valid until the next call of
  // another member.
  BytesView last_line() const { return {buffer_.data() + line_start_, buffer_.data() + start_}; }
  // Gives the line that was read last once more.
  void again() {
    start_ = line_start_;
    --lines_;
  }
  // Hands out the next `count` bytes in pieces; `invalid` if the stream ends before.
  Result<void> bytes(uint64_t count, const std::function<Result<void>(BytesView)>& piece);
  // Skips a newline if it comes next.
  Result<void> skip_newline();

  // Whether the last line had its newline: else the stream may have been cut off.
  bool line_ended() const { return line_ended_; }
  uint64_t lines() const { return lines_; }  // read so far
  uint64_t bytes_read() const { return bytes_before_ + start_; }

 private:
  static constexpr size_t kFirstBufferBytes = 256 * 1024;
  enum class More { some, none };
  // Reads behind what is buffered, from `start_` on.
  Result<More> fill();

  ByteSource& source_;
  std::vector<char> buffer_;
  size_t start_ = 0;
  size_t end_ = 0;
  size_t line_start_ = 0;
  uint64_t bytes_before_ = 0;  // bytes of the stream before the buffer
  uint64_t lines_ = 0;
  bool ended_ = false;
  bool line_ended_ = true;
};

}  // namespace ukstore
