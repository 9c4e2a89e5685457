#include "two_hosts.h"

#include <gtest/gtest.h>

// Two whole hosts talk over the simulated link.

namespace ukstore::net {
namespace {

Bytes pattern(size_t bytes, uint64_t seed) {
  Random random(seed);
  Bytes data(bytes);
  for (std::byte& b : data) b = static_cast<std::byte>(random.next());
  return data;
}

// Sends `data` from left to right and closes; returns what arrived.
struct Transfer {
  TwoHosts& hosts;
  ListenerId listener;
  TcpId client;
  std::optional<TcpId> server;
  Bytes to_send;
  Bytes received;
  size_t written = 0;
  bool client_closed = false;
  bool server_closed = false;

  Transfer(TwoHosts& h, const IpAddress& server_address, Bytes data)
      : hosts(h), to_send(std::move(data)) {
    listener = *hosts.right.tcp().listen({server_address, 80}, 16);
    client = *hosts.left.tcp().connect(hosts.now, {server_address, 80});
  }

  void step() {
    TcpHost& left = hosts.left.tcp();
    TcpHost& right = hosts.right.tcp();
    while (left.next_event()) continue;
    while (right.next_event()) continue;
    if (!server) server = right.accept(listener);
    if (!client_closed) {
      written += left.write(hosts.now, client, ByteSpan(to_send).subspan(written));
      // Closing before it is open would give up (RFC 9293, section 3.10.4).
      bool open = left.find(client)->state() != State::syn_sent;
      if (open && written == to_send.size()) {
        left.close(hosts.now, client);
        client_closed = true;
      }
    }
    if (!server || server_closed) return;
    std::array<std::byte, 65'536> buffer;
    while (size_t got = right.read(hosts.now, *server, buffer))
      append(received, ByteSpan(buffer).first(got));
    if (right.find(*server)->end_of_stream()) {
      right.close(hosts.now, *server);
      server_closed = true;
    }
  }

  bool run() {
    return hosts.run([&] { step(); }, [&] { return server_closed; });
  }
};

TEST(Stack, DeliversAStreamOverIpv4) {
  TwoHosts hosts;
  hosts.link.set_quality({.delay = std::chrono::milliseconds(5)});
  Transfer transfer(hosts, right_ip(), pattern(1'000'000, 1));
  ASSERT_TRUE(transfer.run());
  EXPECT_TRUE(transfer.received == transfer.to_send);
}

TEST(Stack, DeliversAStreamOverIpv6) {
  TwoHosts hosts(1, kAllCaps, host_config("fd00::1/64", 1), host_config("fd00::2/64", 2));
  Transfer transfer(hosts, *parse_ip("fd00::2"), pattern(1'000'000, 1));
  ASSERT_TRUE(transfer.run());
  EXPECT_TRUE(transfer.received == transfer.to_send);
}

TEST(Stack, KeepsNothingOnceConnectionsAreClosedAndTheirWaitIsOver) {
  TwoHosts hosts(1, kNoCaps);
  Transfer transfer(hosts, right_ip(), pattern(100'000, 1));
  ASSERT_TRUE(transfer.run());
  hosts.right.tcp().close(hosts.now, transfer.listener);
  hosts.settle(std::chrono::minutes(5));
  EXPECT_EQ(hosts.left.live(), 0u);
  EXPECT_EQ(hosts.right.live(), 0u);
  EXPECT_EQ(hosts.left.held_bytes(), 0u);
  EXPECT_EQ(hosts.right.held_bytes(), 0u);
}

// Whatever the link does, the stream arrives whole, and afterwards nothing is left.
TEST(Stack, DeliversEventuallyOverAHostileLink) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    TwoHosts hosts(seed, seed % 2 == 0 ? kAllCaps : kNoCaps);
    hosts.link.set_quality({.loss = 0.05,
                            .duplication = 0.05,
                            .corruption = 0.05,
                            .reordering = 0.1,
                            .delay = std::chrono::milliseconds(10),
                            .jitter = std::chrono::milliseconds(5)});
    Transfer transfer(hosts, right_ip(), pattern(150'000, seed));
    ASSERT_TRUE(transfer.run()) << "seed " << seed;
    ASSERT_TRUE(transfer.received == transfer.to_send) << "seed " << seed;
    hosts.right.tcp().close(hosts.now, transfer.listener);
    hosts.settle(std::chrono::minutes(30));
    EXPECT_EQ(hosts.left.live() + hosts.right.live(), 0u) << "seed " << seed;
    EXPECT_EQ(hosts.left.held_bytes() + hosts.right.held_bytes(), 0u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ukstore::net
