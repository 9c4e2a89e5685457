#include <ukstore/libos/kj/stream.h>

#include <kj/debug.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

namespace ukstore::libos_kj {
namespace {

net::ByteSpan bytes_of(kj::ArrayPtr<const kj::byte> bytes) {
  return std::as_bytes(std::span(bytes.begin(), bytes.size()));
}

}  // namespace

// A read that waits for its first `min` bytes.
class StackStream::ReadAdapter {
 public:
  ReadAdapter(kj::PromiseFulfiller<size_t>& fulfiller, StackStream& stream, void* buffer,
              size_t done, size_t min, size_t max)
      : fulfiller_(fulfiller),
        stream_(stream),
        buffer_(static_cast<kj::byte*>(buffer)),
        done_(done),
        min_(min),
        max_(max) {
    KJ_REQUIRE(stream.reader_ == nullptr, "a read is under way already");
    stream.reader_ = this;
  }
  ~ReadAdapter() noexcept(false) { detach(); }
  KJ_DISALLOW_COPY(ReadAdapter);

  void go_on() {
    done_ += stream_.readSome(buffer_ + done_, max_ - done_);
    if (done_ < min_ && !stream_.connection().end_of_stream()) return;
    KJ_IF_MAYBE (exception, stream_.failure()) {
      if (done_ < min_) {
        detach();
        fulfiller_.reject(kj::mv(*exception));
        return;
      }
    }
    detach();
    fulfiller_.fulfill(kj::cp(done_));
  }

 private:
  void detach() {
    if (stream_.reader_ == this) stream_.reader_ = nullptr;
  }

  kj::PromiseFulfiller<size_t>& fulfiller_;
  StackStream& stream_;
  kj::byte* buffer_;
  size_t done_, min_, max_;
};

// A write that waits for room.
class StackStream::WriteAdapter {
 public:
  WriteAdapter(kj::PromiseFulfiller<void>& fulfiller, StackStream& stream,
               kj::ArrayPtr<const kj::byte> first,
               kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> rest)
      : fulfiller_(fulfiller), stream_(stream), first_(first), rest_(rest) {
    KJ_REQUIRE(stream.writer_ == nullptr, "a write is under way already");
    stream.writer_ = this;
  }
  ~WriteAdapter() noexcept(false) { detach(); }
  KJ_DISALLOW_COPY(WriteAdapter);

  void go_on() {
    KJ_IF_MAYBE (exception, stream_.failure()) {
      detach();
      fulfiller_.reject(kj::mv(*exception));
      return;
    }
    for (;;) {
      first_ = first_.slice(stream_.writeSome(first_), first_.size());
      if (first_.size() > 0) return;
      if (rest_.size() == 0) break;
      first_ = rest_.front();
      rest_ = rest_.slice(1, rest_.size());
    }
    detach();
    fulfiller_.fulfill();
  }

 private:
  void detach() {
    if (stream_.writer_ == this) stream_.writer_ = nullptr;
  }

  kj::PromiseFulfiller<void>& fulfiller_;
  StackStream& stream_;
  kj::ArrayPtr<const kj::byte> first_;
  kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> rest_;
};

StackStream::StackStream(StackEvents& events, net::TcpId id) : events_(events), id_(id) {
  events_.watch(id_, *this);
  events_.stack().tcp().set_nagle(id_, net::Feature::off);
}

StackStream::~StackStream() noexcept(false) {
  events_.forget(id_);
  events_.stack().tcp().close(events_.now(), id_);
  events_.changed();
}

const net::Connection& StackStream::connection() const {
  const net::Connection* connection = events_.stack().tcp().find(id_);
  KJ_ASSERT(connection != nullptr);
  return *connection;
}

kj::Maybe<kj::Exception> StackStream::failure() const {
  switch (connection().failure()) {
    case net::Failure::none:
      return nullptr;
    case net::Failure::refused:
      return KJ_EXCEPTION(DISCONNECTED, "connection refused");
    case net::Failure::reset:
      return KJ_EXCEPTION(DISCONNECTED, "connection reset by peer");
    case net::Failure::timed_out:
      return KJ_EXCEPTION(DISCONNECTED, "connection timed out");
    case net::Failure::unreachable:
      return KJ_EXCEPTION(DISCONNECTED, "peer is unreachable");
    case net::Failure::aborted:
      return KJ_EXCEPTION(DISCONNECTED, "connection aborted");
  }
  KJ_UNREACHABLE;
}

kj::Promise<void> StackStream::whenConnected() {
  auto paf = kj::newPromiseAndFulfiller<void>();
  connected_ = kj::mv(paf.fulfiller);
  onEvent();
  events_.changed();
  return kj::mv(paf.promise);
}

void StackStream::onEvent() {
  kj::Maybe<kj::Exception> failed = failure();
  net::State state = connection().state();
  bool opening = state == net::State::syn_sent || state == net::State::syn_received;
  if (connected_ && (failed != nullptr || !opening)) {
    auto fulfiller = kj::mv(connected_);
    KJ_IF_MAYBE (exception, failed) {
      fulfiller->reject(kj::cp(*exception));
    } else {
      fulfiller->fulfill();
    }
  }
  if (failed != nullptr && disconnected_) disconnected_->fulfill();
  if (reader_ != nullptr) reader_->go_on();
  if (writer_ != nullptr) writer_->go_on();
}

size_t StackStream::readSome(void* buffer, size_t bytes) {
  auto* out = static_cast<std::byte*>(buffer);
  return events_.stack().tcp().read(events_.now(), id_, std::span(out, bytes));
}

size_t StackStream::writeSome(kj::ArrayPtr<const kj::byte> bytes) {
  return events_.stack().tcp().write(events_.now(), id_, bytes_of(bytes));
}

kj::Promise<size_t> StackStream::tryRead(void* buffer, size_t minBytes, size_t maxBytes) {
  if (read_aborted_) return size_t{0};
  size_t done = readSome(buffer, maxBytes);
  if (done > 0) events_.changed();  // the window may have opened
  if (done >= minBytes) return done;
  if (connection().end_of_stream()) {
    KJ_IF_MAYBE (exception, failure()) return kj::mv(*exception);
    return done;
  }
  return kj::newAdaptedPromise<size_t, ReadAdapter>(*this, buffer, done, minBytes, maxBytes);
}

kj::Promise<void> StackStream::write(const void* buffer, size_t size) {
  KJ_IF_MAYBE (exception, failure()) return kj::mv(*exception);
  auto bytes = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
  bytes = bytes.slice(writeSome(bytes), size);
  events_.changed();
  if (bytes.size() == 0) return kj::READY_NOW;
  return kj::newAdaptedPromise<void, WriteAdapter>(*this, bytes, nullptr);
}

kj::Promise<void> StackStream::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  KJ_IF_MAYBE (exception, failure()) return kj::mv(*exception);
  events_.changed();
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto rest = pieces[i].slice(writeSome(pieces[i]), pieces[i].size());
    if (rest.size() > 0)
      return kj::newAdaptedPromise<void, WriteAdapter>(*this, rest,
                                                       pieces.slice(i + 1, pieces.size()));
  }
  return kj::READY_NOW;
}

kj::Promise<void> StackStream::whenWriteDisconnected() {
  KJ_IF_MAYBE (forked, disconnected_promise_) return forked->addBranch();
  auto paf = kj::newPromiseAndFulfiller<void>();
  disconnected_ = kj::mv(paf.fulfiller);
  if (failure() != nullptr) disconnected_->fulfill();
  return disconnected_promise_.emplace(paf.promise.fork()).addBranch();
}

void StackStream::shutdownWrite() {
  events_.stack().tcp().shutdown_write(events_.now(), id_);
  events_.changed();
}

void StackStream::abortRead() {
  read_aborted_ = true;
  events_.stack().tcp().shutdown_read(events_.now(), id_);
  events_.changed();
}

void StackStream::getsockopt(int level, int option, void* value, kj::uint* length) {
  KJ_REQUIRE(level == IPPROTO_TCP && option == TCP_NODELAY && *length >= sizeof(int),
             "this socket option is not implemented", level, option);
  int nodelay = nodelay_ ? 1 : 0;
  memcpy(value, &nodelay, sizeof nodelay);
  *length = sizeof nodelay;
}

void StackStream::setsockopt(int level, int option, const void* value, kj::uint length) {
  KJ_REQUIRE(length == sizeof(int), "socket option of an unexpected size");
  int flag;
  memcpy(&flag, value, sizeof flag);
  if (level == IPPROTO_TCP && option == TCP_NODELAY) {
    nodelay_ = flag != 0;
    events_.stack().tcp().set_nagle(id_, nodelay_ ? net::Feature::off : net::Feature::on);
  } else if (level == SOL_SOCKET && option == SO_KEEPALIVE) {
    events_.stack().tcp().set_keepalive(events_.now(), id_,
                                        flag != 0 ? net::Feature::on : net::Feature::off);
  } else {
    KJ_FAIL_REQUIRE("this socket option is not implemented", level, option);
  }
  events_.changed();
}

void StackStream::getsockname(sockaddr* address, kj::uint* length) {
  writeSockaddr(events_.stack().tcp().local(id_), address, length);
}

void StackStream::getpeername(sockaddr* address, kj::uint* length) {
  writeSockaddr(events_.stack().tcp().remote(id_), address, length);
}

void writeSockaddr(const net::Endpoint& endpoint, sockaddr* address, kj::uint* length) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const void* from;
  size_t size;
  if (endpoint.address.family() == net::Family::ipv4) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    memcpy(&v4.sin_addr, endpoint.address.v4().octets.data(), 4);
    from = &v4;
    size = sizeof v4;
  } else {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    memcpy(&v6.sin6_addr, endpoint.address.octets.data(), 16);
    from = &v6;
    size = sizeof v6;
  }
  memcpy(address, from, kj::min(size, static_cast<size_t>(*length)));
  *length = static_cast<kj::uint>(size);
}

}  // namespace ukstore::libos_kj
