#include "client.h"

#include <ukstore/store/memory_backend.h>
#include <ukstore/sync/errors.h>

namespace node_boot {

using namespace ukstore;

Client::Client()
    : repo_(get_or_throw(Repo::open(make_memory_backend()))),
      identity_(get_or_throw(identity_of(repo_->store()))),
      transport_(identity_) {}

kj::Own<kj::AsyncIoStream> Client::secure_stream(const std::string& host_and_port) {
  PeerAddress address{.host_and_port = host_and_port};
  auto dialling = dial(io_.provider->getNetwork(), transport_, address);
  constexpr kj::Duration kLongest = 60 * kj::SECONDS;
  return timer().timeoutAfter(kLongest, kj::mv(dialling)).wait(scope()).stream;
}

void Client::connect(const std::string& host_and_port) {
  connection_ = nullptr;
  connection_ = kj::heap<Connection>(secure_stream(host_and_port), identity_.store_id());
  connection_->welcomed().wait(scope());
}

void Client::push() {
  Pusher pusher(*repo_, session(), "main", std::make_shared<PeerHas>());
  pusher.push().wait(scope());
}

}  // namespace node_boot
