#pragma once
// Reads packed bytes front to back without ever trusting a length.
//
// A read past the end gives zeros and makes the reader fail for good, so that a decoder reads all
// its fields straight on and asks `complete()` once, at the end.

#include <ukstore/store/bytes.h>
#include <ukstore/store/hash.h>

namespace ukstore {

class ByteReader {
 public:
  explicit ByteReader(BytesView bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T integer() {
    BytesView taken = bytes(sizeof(T));
    return taken.size() == sizeof(T) ? load_le<T>(taken.data()) : T{0};
  }

  // The next `size` bytes, borrowed; empty if there are fewer.
  BytesView bytes(uint64_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    BytesView taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  Hash hash() {
    BytesView taken = bytes(sizeof(Hash::bytes));
    return taken.empty() ? Hash{} : Hash::load(taken.data());
  }

  size_t left() const { return rest_.size(); }
  bool failed() const { return failed_; }
  // Everything was there and nothing is left.
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  BytesView rest_;
  bool failed_ = false;
};

}  // namespace ukstore
