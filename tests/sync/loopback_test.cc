// Two replicas over real sockets of the loopback, with TLS.

#include <ukstore/sync/listener.h>

#include <kj/async-io.h>

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

TEST(Address, IsReadOrRefusedInWords) {
  const Bytes fingerprint(64, 'a');
  EXPECT_EQ(must(parse_address("uk://h:1")), (PeerAddress{std::nullopt, "h:1"}));
  EXPECT_EQ(must(parse_address("uk://" + fingerprint + "@[::1]:7000")),
            (PeerAddress{fingerprint, "[::1]:7000"}));
  for (const char* bad : {"", "h:1", "uk://", "uk://h", "uk://:1", "uk://h:", "uk://h:x",
                          "uk://h:123456", "uk://a@h:1"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

struct Loopback {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  std::unique_ptr<Repo> a = memory_repo(1), b = memory_repo(2);
  Identity a_key = must(identity_of(a->store())), b_key = must(identity_of(b->store()));
  SecureTransport a_transport{a_key}, b_transport{b_key};
  HostOptions options = open_host(2);
  Host host{*b, options};
  Listener listener{host, b_transport, io.provider->getTimer()};
  kj::Own<kj::ConnectionReceiver> receiver =
      io.provider->getNetwork().parseAddress("127.0.0.1:0").wait(io.waitScope)->listen();
  kj::Promise<void> listening =
      kj::Promise<void>(listener.listen(*receiver)).eagerlyEvaluate(nullptr);

  kj::Own<Connection> connect() {
    PeerAddress address{b_key.fingerprint(), "127.0.0.1:" + std::to_string(receiver->getPort())};
    auto secure = dial(io.provider->getNetwork(), a_transport, address).wait(io.waitScope);
    return kj::heap<Connection>(kj::mv(secure.stream), a_key.store_id());
  }
};

TEST(Loopback, APullAndAPushOverTls) {
  Loopback both;
  must(both.b->branch("main").set("x", Bytes(200'000, 'x')));
  must(both.a->branch("main").set("y", "1"));
  auto connection = both.connect();
  pull(*both.a, connection->session(), {.remote = "b", .merge_into = "main"})
      .wait(both.io.waitScope);
  EXPECT_EQ(must(both.a->branch("main").get("x"))->size(), 200'000u);
  Pusher pusher(*both.a, connection->session(), "main", std::make_shared<PeerHas>());
  pusher.push().wait(both.io.waitScope);
  EXPECT_EQ(head_of(*both.a), head_of(*both.b));
  // What a pushed is tracked under its fingerprint.
  EXPECT_EQ(head_of(*both.b, "remotes/" + both.a_key.fingerprint().substr(0, 16) + "/main"),
            head_of(*both.a));
}

TEST(Loopback, ManyWhoClaimLongMessagesDoNotKeepOthersOut) {
  Loopback both;
  must(both.b->branch("main").set("x", "1"));
  auto address = both.io.provider->getNetwork()
                     .parseAddress("127.0.0.1", both.receiver->getPort())
                     .wait(both.io.waitScope);
  std::vector<kj::Own<kj::AsyncIoStream>> claims;
  for (int i = 0; i < 50; ++i) {
    claims.push_back(address->connect().wait(both.io.waitScope));
    claims.back()->write("\x16\x03\x01\x40\x00\x01\x00\x3f", 8).wait(both.io.waitScope);
  }
  auto connection = both.connect();
  EXPECT_EQ(pull(*both.a, connection->session(), {.remote = "b", .merge_into = "main"})
                .wait(both.io.waitScope)
                .how,
            Pulled::How::received);
}

}  // namespace
}  // namespace ukstore::tests
