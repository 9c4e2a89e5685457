#include <gtest/gtest.h>

#include <ukstore/libos/net/wire/dns.h>

#include "two_hosts.h"

// Datagrams between two hosts, and the resolver over them.

namespace ukstore::net {
namespace {

using std::chrono::seconds;

std::string text_of(const Datagram& datagram) {
  ByteSpan bytes = datagram.payload.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Udp : public testing::Test {
 protected:
  Udp() {
    server = *hosts.right.udp().bind({Ipv4Address{}, 9000}, UdpEvents::shown);
    client = *hosts.left.udp().bind({left_ip(), 0}, UdpEvents::shown);
  }
  void send(const Endpoint& to, std::string_view text) {
    ByteSpan piece = std::as_bytes(std::span(text));
    EXPECT_EQ(hosts.left.udp().send(hosts.now, client, to, std::span(&piece, 1)), SendStatus::sent);
  }
  bool run(const std::function<bool()>& done) {
    return hosts.run([] {}, done, seconds(5));
  }

  TwoHosts hosts;
  UdpId server, client;
};

TEST_F(Udp, ADatagramArrivesWithItsSendersAddressAndIsAnswered) {
  send({right_ip(), 9000}, "question");
  std::optional<Datagram> got;
  ASSERT_TRUE(run([&] { return (got = hosts.right.udp().receive(server)).has_value(); }));
  EXPECT_EQ(text_of(*got), "question");
  EXPECT_EQ(got->from, hosts.left.udp().local(client));
  EXPECT_EQ(got->to, IpAddress(right_ip()));
  EXPECT_EQ(hosts.right.udp().next_event(), server);
  EXPECT_EQ(hosts.right.udp().next_event(), std::nullopt);
  ByteSpan answer = std::as_bytes(std::span("answer", 6));
  hosts.right.udp().send(hosts.now, server, got->from, std::span(&answer, 1));
  ASSERT_TRUE(run([&] { return (got = hosts.left.udp().receive(client)).has_value(); }));
  EXPECT_EQ(text_of(*got), "answer");
}

TEST_F(Udp, APortIsBoundOnceAndOnlyOnAnAddressOfOurs) {
  UdpHost& udp = hosts.right.udp();
  EXPECT_EQ(udp.bind({Ipv4Address{}, 9000}, UdpEvents::shown).error(), BindError::in_use);
  EXPECT_EQ(udp.bind({left_ip(), 9001}, UdpEvents::shown).error(), BindError::no_address);
  // One address of the port may have a socket of its own, and is served first.
  UdpId own = *udp.bind({right_ip(), 9000}, UdpEvents::shown);
  send({right_ip(), 9000}, "for one address");
  ASSERT_TRUE(run([&] { return udp.receive(own).has_value(); }));
  EXPECT_EQ(udp.receive(server), std::nullopt);
  udp.close(own);
  udp.close(own);
  EXPECT_EQ(udp.sockets(), 1U);
  EXPECT_EQ(udp.local(own), Endpoint{});
  send({right_ip(), 9000}, "for any");
  ASSERT_TRUE(run([&] { return udp.receive(server).has_value(); }));
}

TEST_F(Udp, APortThatNobodyHasIsToldToTheSender) {
  send({right_ip(), 9999}, "anybody?");
  std::optional<Endpoint> refusal;
  ASSERT_TRUE(run([&] { return (refusal = hosts.left.udp().take_refusal(client)).has_value(); }));
  EXPECT_EQ(*refusal, (Endpoint{right_ip(), 9999}));
  EXPECT_EQ(hosts.left.udp().take_refusal(client), std::nullopt);
}

TEST_F(Udp, WhatWaitsInASocketIsBounded) {
  std::string large(20'000, 'x');
  for (int i = 0; i < 40; ++i) {
    send({right_ip(), 9000}, large);
    hosts.run([] {}, [] { return false; }, std::chrono::milliseconds(1));
  }
  EXPECT_LE(hosts.right.udp().held_bytes(), 256U * 1024);
  EXPECT_GT(hosts.right.udp().held_bytes(), 100U * 1024);
  std::string too_long(65'508, 'x');
  ByteSpan piece = std::as_bytes(std::span(too_long));
  EXPECT_EQ(hosts.left.udp().send(hosts.now, client, {right_ip(), 9000}, std::span(&piece, 1)),
            SendStatus::too_long);
  hosts.right.udp().close(server);
  EXPECT_EQ(hosts.right.udp().held_bytes(), 0U);
}

// The left host asks; a name server on the right answers as `answer` says.
class Resolution : public testing::Test {
 protected:
  Resolution() {
    names = *hosts.right.udp().bind({right_ip(), kDnsPort}, UdpEvents::shown);
    hosts.left.resolver().set_servers({right_ip()});
  }

  std::expected<std::vector<IpAddress>, ResolveError> resolve(std::string_view name) {
    QueryId id = hosts.left.resolver().resolve(hosts.now, name);
    std::optional<Resolver::Result> result;
    hosts.run([&] { serve(); },
              [&] { return (result = hosts.left.resolver().next_result()).has_value(); });
    if (!result || !(result->id == id)) return std::unexpected(ResolveError::failed);
    return result->addresses;
  }

  void serve() {
    while (auto datagram = hosts.right.udp().receive(names)) {
      auto message = parse_dns(datagram->payload.bytes());
      ASSERT_TRUE(message);
      ++asked;
      DnsMessage reply{.id = message->id, .response = true, .question = message->question};
      if (!answer(reply)) continue;
      Bytes bytes = serialize(reply);
      ByteSpan piece(bytes);
      hosts.right.udp().send(hosts.now, names, datagram->from, std::span(&piece, 1));
    }
  }
  static bool has_one_address(DnsMessage& reply) {
    if (reply.question.type == DnsType::a) {
      reply.answers.push_back({.name = reply.question.name,
                               .type = DnsType::a,
                               .ttl_s = 60,
                               .address = *parse_ip("192.0.2.1")});
    }
    return true;
  }

  TwoHosts hosts;
  UdpId names;
  int asked = 0;
  std::function<bool(DnsMessage& reply)> answer = has_one_address;
};

TEST_F(Resolution, ANameIsAskedForBothFamiliesAndRemembered) {
  const std::vector<IpAddress> expected{*parse_ip("192.0.2.1")};
  EXPECT_EQ(resolve("Host.Example."), expected);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(resolve("host.example"), expected);
  EXPECT_EQ(asked, 2);
  hosts.settle(seconds(61));
  EXPECT_EQ(resolve("host.example"), expected);
  EXPECT_EQ(asked, 4);
  EXPECT_EQ(hosts.left.live(), 0U);
}

TEST_F(Resolution, WhatTheServerSaysIsTold) {
  answer = [](DnsMessage& reply) {
    reply.code = 3;
    return true;
  };
  EXPECT_EQ(resolve("none.example").error(), ResolveError::no_such_name);
  answer = [](DnsMessage& reply) {
    reply.code = 2;
    return true;
  };
  EXPECT_EQ(resolve("broken.example").error(), ResolveError::failed);
  EXPECT_EQ(resolve("not a name").error(), ResolveError::bad_name);
  hosts.left.resolver().set_servers({});
  EXPECT_EQ(resolve("host.example").error(), ResolveError::no_server);
}

TEST_F(Resolution, ASilentServerIsAskedAgainAndThenGivenUp) {
  answer = [](DnsMessage&) { return false; };
  EXPECT_EQ(resolve("host.example").error(), ResolveError::timed_out);
  EXPECT_EQ(asked, 6);  // three times for each family
  // The next one to be asked is the other server, which answers.
  answer = has_one_address;
  hosts.left.resolver().set_servers({*parse_ip("10.0.0.99"), right_ip()});
  EXPECT_TRUE(resolve("host.example").has_value());
  EXPECT_EQ(hosts.left.live(), 0U);
}

TEST_F(Resolution, AnAnswerToAnotherQuestionIsNoAnswer) {
  answer = [this](DnsMessage& reply) {
    has_one_address(reply);
    if (asked <= 2) ++reply.id;
    if (asked == 3 || asked == 4) reply.question.name = "other.example";
    return true;
  };
  EXPECT_TRUE(resolve("host.example").has_value());
  EXPECT_EQ(asked, 6);  // twice in vain
}

}  // namespace
}  // namespace ukstore::net
