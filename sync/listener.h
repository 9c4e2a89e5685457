#pragma once
// Addresses of peers, dialling them, and serving whoever dials.

#include <ukstore/sync/connection.h>
#include <ukstore/sync/secure.h>

#include <kj/timer.h>

#include <map>

namespace ukstore {

// uk://[FINGERPRINT@]HOST:PORT
struct PeerAddress {
  std::optional<Bytes> fingerprint{};
  Bytes host_and_port;
  bool operator==(const PeerAddress&) const = default;
};
// `invalid`, in words, for anything else.
Result<PeerAddress> parse_address(std::string_view text);

// A secure stream to a peer.  The network and the transport outlive the promise.
kj::Promise<SecureStream> dial(kj::Network& network, SecureTransport& transport,
                               PeerAddress address);

struct ListenOptions {
  // Further ones are closed at once: of all, of one address, and of those who are not known yet.
  size_t connections_max = 256;
  size_t connections_per_address = 64;
  size_t handshakes_max = 64;
  kj::Duration handshake_max = 10 * kj::SECONDS;
  // Who has that fingerprint; by default its name is its first 16 digits.
  std::function<Peer(const Bytes& fingerprint)> peer = [](const Bytes& fingerprint) {
    return Peer{fingerprint, fingerprint.substr(0, 16)};
  };
  // Told why a connection ended that did not end well.
  std::function<void(const Peer&, const Error&)> ended = [](const Peer&, const Error&) {};
};

class Listener final : private kj::TaskSet::ErrorHandler {
 public:
  // All outlive this.
  Listener(Host& host, SecureTransport& transport, kj::Timer& timer, ListenOptions options = {});
  KJ_DISALLOW_COPY(Listener);

  // Serves all who come, until cancelled; the connections live as long as this.
  Task<void> listen(kj::ConnectionReceiver& receiver);
  size_t connections() const { return connections_; }

 private:
  Task<void> serve_one(kj::Own<kj::AsyncIoStream> stream, Bytes address);
  Task<SecureStream> shaken(kj::Own<kj::AsyncIoStream> stream);
  void taskFailed(kj::Exception&&) override {}

  Host& host_;
  SecureTransport& transport_;
  kj::Timer& timer_;
  const ListenOptions options_;
  size_t connections_ = 0;
  size_t handshakes_ = 0;
  std::map<Bytes, size_t> by_address_;
  kj::TaskSet tasks_;
};

}  // namespace ukstore
