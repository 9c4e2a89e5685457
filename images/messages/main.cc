// messages: a Cap'n Proto message made, sent through memory and read back, when a KJ timer on
// libos's event port says so; what an image with both weighs, and the least memory that it runs in.

#include <capnp/message.h>
#include <capnp/rpc-twoparty.capnp.h>
#include <capnp/serialize.h>
#include <kj/async.h>

#include <ukstore/libos/kj/event_port.h>
#include <cstdio>

namespace {

using Identity = capnp::rpc::twoparty::JoinKeyPart;  // any struct that the library brings

kj::Array<capnp::word> written() {
  capnp::MallocMessageBuilder message;
  auto part = message.initRoot<Identity>();
  part.setJoinId(7);
  part.setPartCount(3);
  return capnp::messageToFlatArray(message);
}

}  // namespace

int main() {
  ukstore::libos_kj::EventPort port;
  kj::EventLoop loop(port);
  kj::WaitScope scope(loop);
  auto words = port.timer().afterDelay(kj::MILLISECONDS).then([] { return written(); }).wait(scope);
  capnp::FlatArrayMessageReader message(words);
  auto part = message.getRoot<Identity>();
  if (part.getJoinId() != 7 || part.getPartCount() != 3) return 1;
  std::puts("hello by Cap'n Proto and KJ");
}
