#pragma once
// Where the bytes of an import come from and those of an export go.

#include <ukstore/store/bytes.h>
#include <ukstore/store/error.h>

#include <functional>
#include <span>

namespace ukstore {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `to.size()` (not 0) of the next bytes; returns how many, 0 only at the end.
  virtual Result<size_t> read(std::span<char> to) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<void> write(BytesView bytes) = 0;
};

// Bytes at hand, which outlive it.
class ViewSource final : public ByteSource {
 public:
  explicit ViewSource(BytesView bytes) : rest_(bytes) {}
  Result<size_t> read(std::span<char> to) override {
    size_t taken = rest_.copy(to.data(), to.size());
    rest_.remove_prefix(taken);
    return taken;
  }

 private:
  BytesView rest_;
};

class BytesSink final : public ByteSink {
 public:
  Result<void> write(BytesView bytes) override {
    bytes_ += bytes;
    return {};
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

// How far an import or export has come.
struct ExchangeProgress {
  uint64_t bytes = 0;  // of the stream
  uint64_t commits = 0;
  uint64_t values = 0;  // files, blobs
};
// Called now and then; `stop` ends the work with `closed`, and nothing has happened.
enum class GoOn { yes, stop };
using ProgressCallback = std::function<GoOn(const ExchangeProgress&)>;

}  // namespace ukstore
