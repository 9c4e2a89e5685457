// Peers that prove their keys and then behave otherwise than they should.
#include <ukstore/sync/connection.h>
#include <ukstore/sync/secure.h>
#include <ukstore/tests/cli/terminal.h>

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>

#include <thread>

namespace ukstore::cli::tests {
namespace {

using libos_kj::Task;

// Lets nobody in, as a peer would that speaks other versions.
class OldDoor final : public protocol::Door::Server {
 protected:
  kj::Promise<void> login(LoginContext context) override {
    auto refusal = context.getResults().initRefusal();
    refusal.setReason(protocol::Refusal::Reason::VERSION);
    refusal.setText("this end speaks versions 7 to 9 of the protocol, and yours 1 to 1");
    return kj::READY_NOW;
  }
};

Task<void> refuse(kj::Own<kj::AsyncIoStream> stream) {
  PackedStream packed(*stream);
  capnp::TwoPartyVatNetwork network(packed, capnp::rpc::twoparty::Side::SERVER, message_limits());
  auto rpc = capnp::makeRpcServer(network, kj::heap<OldDoor>());
  co_await network.onDisconnect();
}

Task<void> babble(kj::Own<kj::AsyncIoStream> stream) {
  const std::string garbage(1000, '\x7f');
  co_await stream->write(garbage.data(), garbage.size());
  char piece[1024];
  while (co_await stream->tryRead(piece, 1, sizeof piece) > 0) {
  }
}

Task<void> hang_up(kj::Own<kj::AsyncIoStream> stream) {
  char piece[16];
  co_await stream->tryRead(piece, 1, sizeof piece);
}

using Conversation = Task<void> (*)(kj::Own<kj::AsyncIoStream>);

// Serves one connection on the loopback, in a thread of its own.
class OddPeer {
 public:
  explicit OddPeer(Conversation talk) {
    kj::EventLoop loop;
    kj::WaitScope scope(loop);
    auto ready = kj::newPromiseAndCrossThreadFulfiller<uint16_t>();
    fulfiller_ = kj::mv(ready.fulfiller);
    thread_ = std::thread([this, talk] { run(talk); });
    port_ = ready.promise.wait(scope);
  }
  ~OddPeer() { thread_.join(); }
  std::string address() const {
    return "uk://" + key_.fingerprint() + "@localhost:" + std::to_string(port_);
  }

 private:
  void run(Conversation talk) {
    auto io = kj::setupAsyncIo();
    auto receiver =
        io.provider->getNetwork().parseAddress("localhost:0").wait(io.waitScope)->listen();
    fulfiller_->fulfill(static_cast<uint16_t>(receiver->getPort()));
    SecureTransport transport(key_);
    auto stream = receiver->accept().wait(io.waitScope);
    auto secure = transport.accept(kj::mv(stream)).wait(io.waitScope);
    kj::Promise<void> talking = talk(kj::mv(secure.stream));
    talking.then([] {}, [](kj::Exception&&) {}).wait(io.waitScope);
  }

  const Identity key_ = Identity::from_seed({7}).value();
  kj::Own<kj::CrossThreadPromiseFulfiller<uint16_t>> fulfiller_;
  uint16_t port_ = 0;
  std::thread thread_;
};

Outcome pull_from(Conversation talk) {
  OddPeer peer(talk);
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "a", "1"});
  const std::string root = terminal.root();
  const Outcome outcome = terminal.run({"pull", peer.address()});
  EXPECT_NE(outcome.err.find(peer.address()), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: "), std::string::npos) << outcome.err;
  EXPECT_EQ(terminal.root(), root);
  terminal.expect_clean();
  return outcome;
}

TEST(OddPeers, OneOfAnotherVersionIsQuoted) {
  const Outcome outcome = pull_from(refuse);
  EXPECT_EQ(outcome.exit, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("speaks versions 7 to 9"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("hint: see which version this is"), std::string::npos) << outcome.err;
}

TEST(OddPeers, GarbageBehindAGoodHandshakeIsDamage) {
  const Outcome outcome = pull_from(babble);
  EXPECT_TRUE(outcome.exit == 8 || outcome.exit == 9) << outcome.exit << outcome.err;
}

TEST(OddPeers, OneThatHangsUpIsUnreachable) {
  const Outcome outcome = pull_from(hang_up);
  EXPECT_EQ(outcome.exit, 9) << outcome.err;
  EXPECT_NE(outcome.err.find("cause: the connection was lost"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace ukstore::cli::tests
