#include <ukstore/sync/listener.h>

#include <ukstore/sync/errors.h>

#include <kj/debug.h>

namespace ukstore {

Result<PeerAddress> parse_address(std::string_view text) {
  constexpr std::string_view kScheme = "uk://";
  auto bad = [&](const char* what) {
    return fail(Error::Kind::invalid,
                "\"" + printable(text) + "\" is no address of a peer: " + what);
  };
  if (!text.starts_with(kScheme)) return bad("it does not begin with uk://");
  std::string_view rest = text.substr(kScheme.size());
  PeerAddress address;
  if (auto at = rest.find('@'); at != std::string_view::npos) {
    address.fingerprint = Bytes(rest.substr(0, at));
    if (!is_fingerprint(*address.fingerprint))
      return bad("a fingerprint is 64 lower-case hex digits");
    rest.remove_prefix(at + 1);
  }
  auto colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == rest.size()) {
    return bad("HOST:PORT is missing");
  }
  std::string_view port = rest.substr(colon + 1);
  if (port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos) {
    return bad("the port is no number");
  }
  address.host_and_port = Bytes(rest);
  return address;
}

kj::Promise<SecureStream> dial(kj::Network& network, SecureTransport& transport,
                               PeerAddress address) {
  return network.parseAddress(address.host_and_port.c_str())
      .then([](kj::Own<kj::NetworkAddress>&& found) {
        auto connecting = found->connect();
        return connecting.attach(kj::mv(found));
      })
      .then([&transport,
             expected = std::move(address.fingerprint)](kj::Own<kj::AsyncIoStream>&& stream) {
        return transport.dial(kj::mv(stream), expected);
      });
}

namespace {

// Without its port; empty if the network does not say.
Bytes address_of(kj::PeerIdentity& identity) {
  KJ_IF_MAYBE (network, kj::dynamicDowncastIfAvailable<kj::NetworkPeerIdentity>(identity)) {
    const kj::String text = network->getAddress().toString();
    Bytes address(text.cStr(), text.size());
    return address.substr(0, address.rfind(':'));
  }
  return {};
}

}  // namespace

Listener::Listener(Host& host, SecureTransport& transport, kj::Timer& timer, ListenOptions options)
    : host_(host),
      transport_(transport),
      timer_(timer),
      options_(std::move(options)),
      tasks_(*this) {}

Task<void> Listener::listen(kj::ConnectionReceiver& receiver) {
  for (;;) {
    auto accepted = co_await receiver.acceptAuthenticated();
    Bytes address = address_of(*accepted.peerIdentity);
    const auto known = by_address_.find(address);
    const bool many =
        known != by_address_.end() && known->second >= options_.connections_per_address;
    if (many || connections_ >= options_.connections_max ||
        handshakes_ >= options_.handshakes_max) {
      continue;
    }
    tasks_.add(serve_one(kj::mv(accepted.stream), std::move(address)));
  }
}

Task<void> Listener::serve_one(kj::Own<kj::AsyncIoStream> stream, Bytes address) {
  ++connections_;
  if (!address.empty()) ++by_address_[address];
  KJ_DEFER({
    --connections_;
    if (auto at = by_address_.find(address); at != by_address_.end() && --at->second == 0) {
      by_address_.erase(at);
    }
  });
  Peer peer;
  try {
    SecureStream secure = co_await shaken(kj::mv(stream));
    peer = options_.peer(secure.fingerprint);
    co_await serve(host_, kj::mv(secure.stream), peer);
  } catch (const kj::Exception& exception) {
    options_.ended(peer, error_of(exception));
  }
}

Task<SecureStream> Listener::shaken(kj::Own<kj::AsyncIoStream> stream) {
  ++handshakes_;
  KJ_DEFER(--handshakes_);
  auto secure =
      co_await timer_.timeoutAfter(options_.handshake_max, transport_.accept(kj::mv(stream)));
  co_return kj::mv(secure);
}

}  // namespace ukstore
