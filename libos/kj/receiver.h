#pragma once
// A listener of the stack as a kj::ConnectionReceiver.

#include <kj/async-io.h>

#include <ukstore/libos/kj/peer_filter.h>
#include <ukstore/libos/kj/stack_events.h>

namespace ukstore::libos_kj {

// Several accept() may wait at once: they are served in order.  Peers that the filter refuses are
// reset.
class StackReceiver final : public kj::ConnectionReceiver, private EventSink {
 public:
  // Takes over the listener.  `events` outlives this.
  StackReceiver(StackEvents& events, net::ListenerId id, PeerFilter filter);
  ~StackReceiver() noexcept(false);
  KJ_DISALLOW_COPY(StackReceiver);

  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override;
  // With the peer's address as its identity.
  kj::Promise<kj::AuthenticatedStream> acceptAuthenticated() override;
  kj::uint getPort() override;
  void getsockname(sockaddr* address, kj::uint* length) override;

 private:
  void onEvent() override;
  kj::Maybe<kj::Own<kj::AsyncIoStream>> next();

  StackEvents& events_;
  net::ListenerId id_;
  PeerFilter filter_;
  std::deque<kj::Own<kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>>> waiting_;
};

}  // namespace ukstore::libos_kj
