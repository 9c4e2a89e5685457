#pragma once
// Cap'n Proto messages over a byte stream, packed: what is small stays small.
//
// A message is its packed length as a LEB128 number, and its packed bytes.  Memory grows with what
// has come, never with what a length claims; a message that is longer than the limit, packed or
// not, breaks the stream before anything is made of it.

#include <capnp/serialize-async.h>

#include <ukstore/store/bytes.h>
#include <ukstore/sync/gate.h>

namespace ukstore {

// The most that a message takes; readers have this and a nesting of 32.
constexpr size_t kMessageBytesMax = 1 << 20;
capnp::ReaderOptions message_limits();

class PackedStream final : public capnp::MessageStream {
 public:
  // `window_bytes` is how much a streaming call may have under way.  `gate`, if there is one, sees
  // what comes.  Both outlive this.
  PackedStream(kj::AsyncIoStream& stream, size_t window_bytes = 1 << 20, Gate* gate = nullptr)
      : stream_(stream), window_bytes_(window_bytes), gate_(gate) {}

  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> tryReadMessage(
      kj::ArrayPtr<kj::AutoCloseFd> fds, capnp::ReaderOptions options,
      kj::ArrayPtr<capnp::word> scratch) override;
  kj::Promise<void> writeMessage(
      kj::ArrayPtr<const int> fds,
      kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(
      kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override { return static_cast<int>(window_bytes_); }
  kj::Promise<void> end() override;

  // Bytes of the stream so far, both ways.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  libos_kj::Task<kj::Maybe<capnp::MessageReaderAndFds>> read(capnp::ReaderOptions options);
  libos_kj::Task<kj::Maybe<capnp::MessageReaderAndFds>> read_one(capnp::ReaderOptions options);
  kj::Promise<void> write(Bytes bytes);

  kj::AsyncIoStream& stream_;
  const size_t window_bytes_;
  Gate* const gate_;
  Bytes buffer_;  // what has come and is not read
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
};

}  // namespace ukstore
