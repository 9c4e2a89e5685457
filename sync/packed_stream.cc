#include <ukstore/sync/packed_stream.h>

#include <ukstore/libos/kj/task.h>
#include <ukstore/store/varint.h>

#include <capnp/serialize-packed.h>
#include <kj/debug.h>

#include <algorithm>

namespace ukstore {
namespace {

using libos_kj::Task;

constexpr size_t kReadBytesMin = 1024;
constexpr size_t kReadBytesMax = 64 * 1024;
constexpr size_t kLengthBytesMax = 4;

// The length at the front and the bytes that it takes; none if more must come.
struct Length {
  size_t bytes;
  size_t packed_bytes;
};
kj::Maybe<Length> length_of(BytesView buffer) {
  BytesView rest = buffer;
  if (auto length = take_varint(rest)) {
    KJ_REQUIRE(*length > 0 && *length <= kMessageBytesMax, "a message of a bad length");
    return Length{buffer.size() - rest.size(), static_cast<size_t>(*length)};
  }
  KJ_REQUIRE(buffer.size() < kLengthBytesMax, "a message of a bad length");
  return nullptr;
}

kj::Own<capnp::MessageReader> unpack(BytesView packed, const capnp::ReaderOptions& options) {
  auto bytes = kj::arrayPtr(reinterpret_cast<const kj::byte*>(packed.data()), packed.size());
  const size_t words = capnp::computeUnpackedSizeInWords(bytes);
  KJ_REQUIRE(words > 0 && words * sizeof(capnp::word) <= kMessageBytesMax, "a message is too long");
  auto unpacked = kj::heapArray<capnp::word>(words);
  kj::ArrayInputStream input(bytes);
  capnp::_::PackedInputStream stream(input);
  stream.read(unpacked.asBytes().begin(), unpacked.asBytes().size());
  auto reader = kj::heap<capnp::FlatArrayMessageReader>(unpacked.asPtr(), options);
  return reader.attach(kj::mv(unpacked));
}

Bytes pack(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  kj::VectorOutputStream packed;
  capnp::writePackedMessage(packed, segments);
  auto bytes = packed.getArray();
  KJ_REQUIRE(bytes.size() <= kMessageBytesMax, "a message of ours is too long");
  Bytes out;
  append_varint(out, bytes.size());
  return out.append(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

}  // namespace

capnp::ReaderOptions message_limits() {
  return {.traversalLimitInWords = kMessageBytesMax / sizeof(capnp::word), .nestingLimit = 32};
}

kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> PackedStream::tryReadMessage(
    kj::ArrayPtr<kj::AutoCloseFd>, capnp::ReaderOptions options, kj::ArrayPtr<capnp::word>) {
  return read(options);
}

Task<kj::Maybe<capnp::MessageReaderAndFds>> PackedStream::read(capnp::ReaderOptions options) {
  try {
    auto message = co_await read_one(options);
    co_return kj::mv(message);
  } catch (const kj::Exception& exception) {
    if (gate_) gate_->broke(exception);
    throw;
  }
}

// The next message; none at the end of the stream.
Task<kj::Maybe<capnp::MessageReaderAndFds>> PackedStream::read_one(capnp::ReaderOptions options) {
  bool admitted = gate_ == nullptr;
  for (;;) {
    size_t room = kReadBytesMin;
    KJ_IF_MAYBE (length, length_of(buffer_)) {
      const size_t end = length->bytes + length->packed_bytes;
      if (!std::exchange(admitted, true)) co_await gate_->admit(end);
      if (buffer_.size() >= end) {
        auto reader =
            unpack(BytesView(buffer_).substr(length->bytes, length->packed_bytes), options);
        buffer_.erase(0, end);
        if (buffer_.empty()) buffer_.shrink_to_fit();
        if (gate_) gate_->received(*reader);
        co_return capnp::MessageReaderAndFds{kj::mv(reader), nullptr};
      }
      // No more than twice what has come: a length alone reserves nothing.
      room =
          std::clamp(std::min(end - buffer_.size(), buffer_.size()), kReadBytesMin, kReadBytesMax);
    }
    const size_t before = buffer_.size();
    buffer_.resize(before + room);
    const size_t got = co_await stream_.tryRead(buffer_.data() + before, 1, room);
    buffer_.resize(before + got);
    bytes_read_ += got;
    if (got == 0) {
      KJ_REQUIRE(buffer_.empty(), "the stream ends within a message");
      co_return nullptr;
    }
  }
}

kj::Promise<void> PackedStream::write(Bytes bytes) {
  bytes_written_ += bytes.size();
  auto kept = kj::heap<Bytes>(std::move(bytes));
  auto writing = stream_.write(kept->data(), kept->size()).attach(kj::mv(kept));
  if (!gate_) return writing;
  return writing.then([gate = gate_] { gate->written(); });
}

kj::Promise<void> PackedStream::writeMessage(
    kj::ArrayPtr<const int>, kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  return write(pack(segments));
}

kj::Promise<void> PackedStream::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  Bytes all;
  for (auto& segments : messages) all += pack(segments);
  return write(std::move(all));
}

kj::Promise<void> PackedStream::end() {
  stream_.shutdownWrite();
  return kj::READY_NOW;
}

}  // namespace ukstore
