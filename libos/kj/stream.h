#pragma once
// A TCP connection of the stack as a kj::AsyncIoStream.

#include <kj/async-io.h>

#include <ukstore/libos/kj/stack_events.h>

namespace ukstore::libos_kj {

// Small writes are copied and done at once; of large ones the caller's memory is used until its
// last byte has been copied to the send buffer.  A connection that the peer reset, or that timed
// out, fails reads and writes with DISCONNECTED.  getFd() is null: there is no descriptor.
class StackStream final : public kj::AsyncIoStream, private EventSink {
 public:
  // Takes over the connection.  `events` outlives this.
  StackStream(StackEvents& events, net::TcpId id);
  ~StackStream() noexcept(false);
  KJ_DISALLOW_COPY(StackStream);

  // Resolves once the handshake is over; fails with DISCONNECTED if it failed.
  kj::Promise<void> whenConnected();

  kj::Promise<size_t> tryRead(void* buffer, size_t minBytes, size_t maxBytes) override;
  kj::Promise<void> write(const void* buffer, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override;
  void shutdownWrite() override;
  // Later bytes are thrown away, and answered with a reset.
  void abortRead() override;

  // TCP_NODELAY and SO_KEEPALIVE; others are not implemented.
  void getsockopt(int level, int option, void* value, kj::uint* length) override;
  void setsockopt(int level, int option, const void* value, kj::uint length) override;
  void getsockname(sockaddr* address, kj::uint* length) override;
  void getpeername(sockaddr* address, kj::uint* length) override;

 private:
  class ReadAdapter;
  class WriteAdapter;

  void onEvent() override;
  const net::Connection& connection() const;
  size_t readSome(void* buffer, size_t bytes);
  size_t writeSome(kj::ArrayPtr<const kj::byte> bytes);
  kj::Maybe<kj::Exception> failure() const;

  StackEvents& events_;
  net::TcpId id_;
  bool nodelay_ = true;
  bool read_aborted_ = false;
  ReadAdapter* reader_ = nullptr;
  WriteAdapter* writer_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> connected_;
  kj::Own<kj::PromiseFulfiller<void>> disconnected_;
  kj::Maybe<kj::ForkedPromise<void>> disconnected_promise_;
};

// `endpoint` as a socket address, cut to *length as getsockname(2) does; *length becomes the whole
// length.
void writeSockaddr(const net::Endpoint& endpoint, sockaddr* address, kj::uint* length);

}  // namespace ukstore::libos_kj
