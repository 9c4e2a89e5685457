// rpc: calls itself by Cap'n Proto RPC over a pipe in memory, on libos's event port; what an image
// with that and KJ weighs.

#include <capnp/persistent.capnp.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <ukstore/libos/kj/event_port.h>
#include <cstdio>

namespace {

using Saved = capnp::Persistent<capnp::Text, capnp::AnyPointer>;

class Server final : public Saved::Server {
 public:
  kj::Promise<void> save(SaveContext context) override {
    context.getResults().setSturdyRef("hello by RPC");
    return kj::READY_NOW;
  }
};

}  // namespace

int main() {
  ukstore::libos_kj::EventPort port;
  kj::EventLoop loop(port);
  kj::WaitScope scope(loop);
  auto pipe = kj::newTwoWayPipe();
  capnp::TwoPartyServer server(kj::heap<Server>());
  server.accept(kj::mv(pipe.ends[0]));
  capnp::TwoPartyClient client(*pipe.ends[1]);
  auto answer = client.bootstrap().castAs<Saved>().saveRequest().send().wait(scope);
  std::puts(answer.getSturdyRef().cStr());
}
