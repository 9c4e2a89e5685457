#include "two_networks.h"

#include <gtest/gtest.h>
#include <kj/debug.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <ukstore/libos/net/wire/dns.h>

// What KJ asks of a network and its streams.

namespace ukstore::libos_kj {
namespace {

kj::Array<kj::byte> pattern(size_t bytes) {
  auto array = kj::heapArray<kj::byte>(bytes);
  for (size_t i = 0; i < bytes; ++i) array[i] = static_cast<kj::byte>(i * 7 + i / 251);
  return array;
}

template <typename T>
kj::Exception::Type failure_of(TwoNetworks& networks, kj::Promise<T> promise) {
  auto caught = kj::runCatchingExceptions([&] { networks.run(kj::mv(promise)); });
  KJ_IF_MAYBE (exception, caught) return exception->getType();
  ADD_FAILURE() << "it did not fail";
  return kj::Exception::Type::FAILED;
}

TEST(KjStream, ReadsAtLeastTheLeastAndAtMostTheMost) {
  TwoNetworks networks;
  Pair pair(networks);
  kj::byte buffer[64];
  auto reading = pair.right->tryRead(buffer, 5, sizeof buffer);
  networks.run(pair.left->write("abc", 3));
  networks.run(pair.left->write("defgh", 5));
  EXPECT_EQ(networks.run(kj::mv(reading)), 8u);
  EXPECT_EQ(memcmp(buffer, "abcdefgh", 8), 0);
  networks.run(pair.left->write("0123456789", 10));
  EXPECT_EQ(networks.run(pair.right->tryRead(buffer, 1, 4)), 4u);
  EXPECT_EQ(networks.run(pair.right->tryRead(buffer, 6, 6)), 6u);
}

TEST(KjStream, ALargeWriteWaitsForItsReader) {
  TwoNetworks networks;
  Pair pair(networks);
  auto data = pattern(20'000'000);
  auto writing = pair.left->write(data.begin(), data.size());
  EXPECT_FALSE(writing.poll(networks.wait_scope));
  auto received = kj::heapArray<kj::byte>(data.size());
  EXPECT_EQ(networks.run(pair.right->read(received.begin(), data.size(), data.size())),
            data.size());
  networks.run(kj::mv(writing));
  EXPECT_TRUE(received == data);
}

TEST(KjStream, PiecesArriveInOrder) {
  TwoNetworks networks;
  Pair pair(networks);
  auto first = pattern(300'000), second = pattern(10), third = pattern(700'000);
  kj::ArrayPtr<const kj::byte> pieces[] = {first, second, nullptr, third};
  auto writing = pair.left->write(pieces);
  size_t total = first.size() + second.size() + third.size();
  auto received = kj::heapArray<kj::byte>(total);
  networks.run(pair.right->read(received.begin(), total, total));
  networks.run(kj::mv(writing));
  EXPECT_TRUE(received.slice(0, first.size()) == first);
  EXPECT_TRUE(received.slice(first.size() + second.size(), total) == third);
}

TEST(KjStream, EndsWhereThePeerStopsAndStillWritesBack) {
  TwoNetworks networks;
  Pair pair(networks);
  networks.run(pair.left->write("last", 4));
  pair.left->shutdownWrite();
  kj::byte buffer[16];
  EXPECT_EQ(networks.run(pair.right->tryRead(buffer, 16, 16)), 4u);
  EXPECT_EQ(networks.run(pair.right->tryRead(buffer, 1, 16)), 0u);
  networks.run(pair.right->write("answer", 6));
  EXPECT_EQ(networks.run(pair.left->tryRead(buffer, 6, 16)), 6u);
}

TEST(KjStream, AResetFailsReadsWritesAndDisconnects) {
  TwoNetworks networks;
  Pair pair(networks);
  auto disconnected = pair.left->whenWriteDisconnected();
  kj::byte buffer[16];
  auto reading = pair.left->tryRead(buffer, 1, sizeof buffer);
  networks.run(pair.left->write("unread", 6));
  kj::byte first;
  networks.run(pair.right->tryRead(&first, 1, 1));
  pair.right = nullptr;  // with unread bytes: a reset
  networks.run(kj::mv(disconnected));
  EXPECT_EQ(failure_of(networks, kj::mv(reading)), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failure_of(networks, pair.left->write("x", 1)), kj::Exception::Type::DISCONNECTED);
}

TEST(KjStream, AnAbandonedReadLeavesItsBytesToTheNext) {
  TwoNetworks networks;
  Pair pair(networks);
  kj::byte buffer[16];
  {
    auto abandoned = pair.right->tryRead(buffer, 1, sizeof buffer);
  }
  networks.run(pair.left->write("kept", 4));
  EXPECT_EQ(networks.run(pair.right->tryRead(buffer, 4, sizeof buffer)), 4u);
}

TEST(KjStream, TellsItsEndsAndItsOptions) {
  TwoNetworks networks;
  Pair pair(networks);
  sockaddr_in peer{};
  kj::uint length = sizeof peer;
  pair.left->getpeername(reinterpret_cast<sockaddr*>(&peer), &length);
  EXPECT_EQ(ntohs(peer.sin_port), 80);
  EXPECT_EQ(ntohl(peer.sin_addr.s_addr), 0x0a000002u);
  int nodelay = 0;
  kj::uint size = sizeof nodelay;
  pair.left->getsockopt(IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
  EXPECT_EQ(nodelay, 1);
  nodelay = 0;
  pair.left->setsockopt(IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
  pair.left->getsockopt(IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
  EXPECT_EQ(nodelay, 0);
  EXPECT_TRUE(pair.left->getFd() == nullptr);
}

TEST(KjNetwork, AClosedPortRefuses) {
  TwoNetworks networks;
  auto address = networks.run(networks.left_network.parseAddress("10.0.0.2:81"));
  EXPECT_EQ(failure_of(networks, address->connect()), kj::Exception::Type::DISCONNECTED);
}

TEST(KjNetwork, ReadsAddressesInEveryForm) {
  TwoNetworks networks;
  auto text = [&](const char* address) {
    return networks.run(networks.left_network.parseAddress(address, 7))->toString();
  };
  EXPECT_EQ(text("10.0.0.2"), "10.0.0.2:7");
  EXPECT_EQ(text("10.0.0.2:80"), "10.0.0.2:80");
  EXPECT_EQ(text("fe80::1"), "[fe80::1]:7");
  EXPECT_EQ(text("[fe80::1]:80"), "[fe80::1]:80");
  EXPECT_EQ(text("*:80"), "[::]:80");
  EXPECT_ANY_THROW(text("unix:/tmp/socket"));
  EXPECT_ANY_THROW(text("10.0.0.2:eighty"));
}

TEST(KjNetwork, AsksTheResolverForNames) {
  TwoNetworks networks;
  auto port = networks.run(networks.right_network.parseAddress("*:53"))->bindDatagramPort();
  auto receiver = port->makeReceiver();
  // A server with one name.
  kj::Function<kj::Promise<void>()> serve = [&]() {
    return receiver->receive().then([&]() {
      auto content = receiver->getContent().value;
      auto query = net::parse_dns(std::as_bytes(std::span(content.begin(), content.size())));
      KJ_ASSERT(query.has_value());
      net::DnsMessage answer{.id = query->id, .response = true, .question = query->question};
      if (query->question.name != "right.test") answer.code = 3;
      if (answer.code == 0 && query->question.type == net::DnsType::a)
        answer.answers = {
            {query->question.name, net::DnsType::a, 60, *net::parse_ip("10.0.0.2"), ""}};
      auto bytes = net::serialize(answer);
      return port->send(bytes.data(), bytes.size(), receiver->getSource())
          .ignoreResult()
          .then(serve);
    });
  };
  auto serving = serve().eagerlyEvaluate(nullptr);
  auto address = networks.run(networks.left_network.parseAddress("Right.Test.:80"));
  EXPECT_EQ(address->toString(), "10.0.0.2:80");
  EXPECT_ANY_THROW(networks.run(networks.left_network.parseAddress("nobody.test")));
}

TEST(KjNetwork, RestrictionsHoldForBothDirections) {
  TwoNetworks networks;
  kj::StringPtr lan[] = {"10.0.0.0/8"};
  kj::StringPtr other[] = {"10.0.0.0/24"};
  auto none = networks.left_network.restrictPeers(nullptr, nullptr);
  auto address = networks.run(none->parseAddress("10.0.0.2:80"));
  EXPECT_ANY_THROW(networks.run(address->connect()));
  auto without = networks.left_network.restrictPeers(lan, other);
  EXPECT_ANY_THROW(networks.run(networks.run(without->parseAddress("10.0.0.2:80"))->connect()));
  kj::StringPtr internet[] = {"public"};
  auto picky = networks.right_network.restrictPeers(internet, nullptr);
  auto receiver = networks.run(picky->parseAddress("*:80"))->listen();
  auto accepted = receiver->accept();
  auto stream =
      networks.run(networks.run(networks.left_network.parseAddress("10.0.0.2:80"))->connect());
  networks.run(stream->whenWriteDisconnected());
  EXPECT_FALSE(accepted.poll(networks.wait_scope));
}

TEST(KjNetwork, DatagramsCarryTheirSource) {
  TwoNetworks networks;
  auto server = networks.run(networks.right_network.parseAddress("*:7"))->bindDatagramPort();
  auto client = networks.run(networks.left_network.parseAddress("*:0"))->bindDatagramPort();
  auto receiver = server->makeReceiver({.content = 4, .ancillary = 0});
  auto receiving = receiver->receive();
  auto to = networks.run(networks.left_network.parseAddress("10.0.0.2:7"));
  EXPECT_EQ(networks.run(client->send("hello", 5, *to)), 5u);
  networks.run(kj::mv(receiving));
  auto content = receiver->getContent();
  EXPECT_TRUE(content.isTruncated);
  EXPECT_EQ(content.value.size(), 4u);
  EXPECT_EQ(receiver->getSource().toString(), kj::str("10.0.0.1:", client->getPort()));
}

TEST(KjNetwork, NothingIsLeftOnceAllIsDropped) {
  TwoNetworks networks;
  {
    Pair pair(networks);
  }
  while (networks.step()) continue;
  EXPECT_EQ(networks.left.live() + networks.right.live(), 0u);
  EXPECT_EQ(networks.left.held_bytes() + networks.right.held_bytes(), 0u);
}

}  // namespace
}  // namespace ukstore::libos_kj
