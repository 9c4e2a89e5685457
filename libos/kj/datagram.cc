#include <ukstore/libos/kj/datagram.h>

#include <kj/debug.h>

#include <ukstore/libos/kj/network.h>

namespace ukstore::libos_kj {

class StackDatagramPort::Receiver final : public kj::DatagramReceiver {
 public:
  Receiver(StackDatagramPort& port, Capacity capacity) : port_(port), capacity_(capacity) {}

  kj::Promise<void> receive() override {
    if (auto datagram = port_.next()) {
      set(kj::mv(*datagram));
      return kj::READY_NOW;
    }
    auto paf = kj::newPromiseAndFulfiller<void>();
    port_.waiting_ = kj::mv(paf.fulfiller);
    return paf.promise.then([this]() { return receive(); });
  }

  MaybeTruncated<kj::ArrayPtr<const kj::byte>> getContent() override {
    auto bytes = datagram_.payload.bytes();
    auto all = kj::arrayPtr(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size());
    bool cut = all.size() > capacity_.content;
    return {cut ? all.slice(0, capacity_.content) : all, cut};
  }

  MaybeTruncated<kj::ArrayPtr<const kj::AncillaryMessage>> getAncillary() override {
    return {nullptr, false};
  }

  kj::NetworkAddress& getSource() override { return *source_; }

 private:
  void set(net::Datagram datagram) {
    datagram_ = kj::mv(datagram);
    source_ = kj::heap<StackAddress>(port_.events_, std::vector<net::Endpoint>{datagram_.from},
                                     port_.filter_);
  }

  StackDatagramPort& port_;
  Capacity capacity_;
  net::Datagram datagram_;
  kj::Own<StackAddress> source_;
};

StackDatagramPort::StackDatagramPort(StackEvents& events, net::UdpId id, PeerFilter filter)
    : events_(events), id_(id), filter_(kj::mv(filter)) {
  events_.watch(id_, *this);
}

StackDatagramPort::~StackDatagramPort() noexcept(false) {
  events_.forget(id_);
  events_.stack().udp().close(id_);
}

void StackDatagramPort::onEvent() {
  if (waiting_) kj::mv(waiting_)->fulfill();
}

std::optional<net::Datagram> StackDatagramPort::next() {
  while (auto datagram = events_.stack().udp().receive(id_))
    if (filter_.allows(datagram->from.address)) return datagram;
  return std::nullopt;
}

kj::Promise<size_t> StackDatagramPort::send(const void* buffer, size_t size,
                                            kj::NetworkAddress& destination) {
  auto piece = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
  return send(kj::arrayPtr(&piece, 1), destination);
}

kj::Promise<size_t> StackDatagramPort::send(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces,
                                            kj::NetworkAddress& destination) {
  auto& to = kj::downcast<StackAddress>(destination);
  if (!filter_.allows(to.endpoint().address))
    return KJ_EXCEPTION(FAILED, "restrictPeers() forbids this peer");
  // One contiguous copy: a datagram may be cut into fragments anyway.
  net::Bytes whole;
  for (kj::ArrayPtr<const kj::byte> piece : pieces)
    net::append(whole, std::as_bytes(std::span(piece.begin(), piece.size())));
  net::ByteSpan bytes(whole);
  switch (events_.stack().udp().send(events_.now(), id_, to.endpoint(), std::span(&bytes, 1))) {
    case net::SendStatus::sent:
    case net::SendStatus::device_full:
      break;  // lost, as datagrams may be
    case net::SendStatus::no_route:
      return KJ_EXCEPTION(FAILED, "no route to the peer");
    case net::SendStatus::too_long:
      return KJ_EXCEPTION(FAILED, "the datagram is too long");
  }
  events_.changed();
  return whole.size();
}

kj::Own<kj::DatagramReceiver> StackDatagramPort::makeReceiver(
    kj::DatagramReceiver::Capacity capacity) {
  return kj::heap<Receiver>(*this, capacity);
}

kj::uint StackDatagramPort::getPort() { return events_.stack().udp().local(id_).port; }

}  // namespace ukstore::libos_kj
