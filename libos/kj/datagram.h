#pragma once
// A UDP socket of the stack as a kj::DatagramPort.

#include <kj/async-io.h>

#include <ukstore/libos/kj/peer_filter.h>
#include <ukstore/libos/kj/stack_events.h>

namespace ukstore::libos_kj {

class StackDatagramPort final : public kj::DatagramPort, private EventSink {
 public:
  // Takes over the socket.  `events` outlives this.
  StackDatagramPort(StackEvents& events, net::UdpId id, PeerFilter filter);
  ~StackDatagramPort() noexcept(false);
  KJ_DISALLOW_COPY(StackDatagramPort);

  // `destination` must come from the same stack's network.  The whole size is returned: a
  // datagram is sent or fails.
  kj::Promise<size_t> send(const void* buffer, size_t size,
                           kj::NetworkAddress& destination) override;
  kj::Promise<size_t> send(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces,
                           kj::NetworkAddress& destination) override;
  // The receiver must not outlive the port.  Datagrams of peers that the filter refuses are
  // dropped.
  kj::Own<kj::DatagramReceiver> makeReceiver(
      kj::DatagramReceiver::Capacity capacity = kj::DatagramReceiver::Capacity()) override;
  kj::uint getPort() override;

 private:
  class Receiver;

  void onEvent() override;
  std::optional<net::Datagram> next();

  StackEvents& events_;
  net::UdpId id_;
  PeerFilter filter_;
  kj::Own<kj::PromiseFulfiller<void>> waiting_;
};

}  // namespace ukstore::libos_kj
