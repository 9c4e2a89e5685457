#include <ukstore/libos/kj/receiver.h>

#include <kj/debug.h>
#include <sys/socket.h>

#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/kj/stream.h>

namespace ukstore::libos_kj {

StackReceiver::StackReceiver(StackEvents& events, net::ListenerId id, PeerFilter filter)
    : events_(events), id_(id), filter_(kj::mv(filter)) {
  events_.watch(id_, *this);
}

StackReceiver::~StackReceiver() noexcept(false) {
  events_.forget(id_);
  events_.stack().tcp().close(events_.now(), id_);
  events_.changed();
}

kj::Maybe<kj::Own<kj::AsyncIoStream>> StackReceiver::next() {
  net::TcpHost& tcp = events_.stack().tcp();
  while (auto id = tcp.accept(id_)) {
    if (filter_.allows(tcp.remote(*id).address)) {
      kj::Own<kj::AsyncIoStream> stream = kj::heap<StackStream>(events_, *id);
      return kj::mv(stream);
    }
    tcp.abort(events_.now(), *id);
    events_.changed();
  }
  return nullptr;
}

kj::Promise<kj::Own<kj::AsyncIoStream>> StackReceiver::accept() {
  if (waiting_.empty()) {
    KJ_IF_MAYBE (stream, next()) return kj::mv(*stream);
  }
  auto paf = kj::newPromiseAndFulfiller<kj::Own<kj::AsyncIoStream>>();
  waiting_.push_back(kj::mv(paf.fulfiller));
  return kj::mv(paf.promise);
}

kj::Promise<kj::AuthenticatedStream> StackReceiver::acceptAuthenticated() {
  return accept().then([this](kj::Own<kj::AsyncIoStream>&& stream) {
    sockaddr_storage peer{};
    kj::uint length = sizeof peer;
    stream->getpeername(reinterpret_cast<sockaddr*>(&peer), &length);
    StackNetwork network(events_, filter_);
    auto identity = kj::NetworkPeerIdentity::newInstance(network.getSockaddr(&peer, length));
    return kj::AuthenticatedStream{kj::mv(stream), kj::mv(identity)};
  });
}

void StackReceiver::onEvent() {
  while (!waiting_.empty()) {
    // Whoever gave up waiting must not take a connection with it.
    if (!waiting_.front()->isWaiting()) {
      waiting_.pop_front();
      continue;
    }
    KJ_IF_MAYBE (stream, next()) {
      waiting_.front()->fulfill(kj::mv(*stream));
      waiting_.pop_front();
    } else {
      return;
    }
  }
}

kj::uint StackReceiver::getPort() { return events_.stack().tcp().local(id_).port; }

void StackReceiver::getsockname(sockaddr* address, kj::uint* length) {
  writeSockaddr(events_.stack().tcp().local(id_), address, length);
}

}  // namespace ukstore::libos_kj
