#include "ip_host.h"

#include <gtest/gtest.h>

#include <ukstore/libos/net/ip/dhcp_client.h>
#include <ukstore/libos/net/stack/timer_heap.h>
#include <ukstore/libos/net/wire/ndp.h>

// How a host comes by its addresses, routes and names; and its timers.

namespace ukstore::net {
namespace {

DhcpMessage reply(const DhcpMessage& to, DhcpType type) {
  return {.direction = DhcpDirection::to_client,
          .type = type,
          .transaction = to.transaction,
          .yours = *parse_ipv4("10.0.0.50"),
          .client_mac = to.client_mac,
          .server = parse_ipv4("10.0.0.1"),
          .prefix_bits = 24,
          .lease_s = 3600,
          .routers = {*parse_ipv4("10.0.0.1")},
          .dns_servers = {*parse_ipv4("10.0.0.53")}};
}

TEST(Dhcp, ALeaseIsAskedForRenewedReboundAndLost) {
  Time now{std::chrono::seconds(5)};
  DhcpClient client(kLeftMac, 1);
  client.start(now);
  auto discover = client.next_message(now);
  ASSERT_TRUE(discover);
  EXPECT_EQ(discover->message.type, DhcpType::discover);
  client.on_message(now, reply(discover->message, DhcpType::offer));
  auto request = client.next_message(now);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->message.requested, parse_ipv4("10.0.0.50"));
  client.on_message(now, reply(request->message, DhcpType::ack));
  ASSERT_TRUE(client.lease());
  EXPECT_EQ(to_string(client.lease()->address), "10.0.0.50/24");
  // At half the lease the server is asked, later anybody.
  EXPECT_EQ(client.deadline(), now + std::chrono::seconds(1800));
  now = client.deadline();
  auto renew = client.next_message(now);
  ASSERT_TRUE(renew);
  EXPECT_EQ(renew->server, parse_ipv4("10.0.0.1"));
  EXPECT_EQ(renew->message.client, parse_ipv4("10.0.0.50"));
  bool rebound = false;
  while (client.lease()) {
    now = client.deadline();
    auto message = client.next_message(now);
    if (message && message->message.type == DhcpType::request && !message->server) rebound = true;
  }
  EXPECT_TRUE(rebound);
  EXPECT_EQ(now, Time{std::chrono::seconds(3605)});
}

TEST(Dhcp, TriesAreSpacedAndStrangersIgnored) {
  Time now{};
  DhcpClient client(kLeftMac, 1);
  client.start(now);
  DhcpMessage first = client.next_message(now)->message;
  std::vector<int64_t> gaps;
  for (int i = 0; i < 5; ++i) {
    Time next = client.deadline();
    gaps.push_back((next - now).count() / 1'000'000);
    now = next;
    ASSERT_TRUE(client.next_message(now));
  }
  for (size_t i = 0; i < gaps.size(); ++i)
    EXPECT_NEAR(static_cast<double>(gaps[i]), static_cast<double>(4 << i), 1.01) << i;
  DhcpMessage other = reply(first, DhcpType::offer);
  other.transaction ^= 1;
  client.on_message(now, other);
  other = reply(first, DhcpType::offer);
  other.client_mac = kRightMac;
  client.on_message(now, other);
  EXPECT_FALSE(client.next_message(now));
}

TEST(Dhcp, ARefusedRequestBeginsAnew) {
  Time now{};
  DhcpClient client(kLeftMac, 1);
  client.start(now);
  client.on_message(now, reply(client.next_message(now)->message, DhcpType::offer));
  client.on_message(now, reply(client.next_message(now)->message, DhcpType::nak));
  EXPECT_EQ(client.next_message(now)->message.type, DhcpType::discover);
}

TEST(Dhcp, AHostConfiguresItselfFromAServerOnTheLink) {
  StackConfig config;
  config.dhcp = Dhcp::on;
  config.interface.ipv6 = Ipv6Mode::off;
  config.key = {1, 2};
  LoneHost host(config);
  Ipv4Address server = *parse_ipv4("10.0.0.1");
  for (int round = 0; round < 2; ++round) {
    host.stack.poll(host.now);
    ASSERT_FALSE(host.sent.empty());
    ByteSpan ip = ByteSpan(host.sent.back()).subspan(EthernetHeader::kBytes);
    auto packet = parse_ipv4_packet(ip);
    EXPECT_TRUE(packet->header.source.is_unspecified());
    EXPECT_EQ(packet->header.destination, Ipv4Address::broadcast());
    auto asked = parse_dhcp(packet->payload.subspan(UdpHeader::kBytes));
    ASSERT_TRUE(asked);
    Bytes answer(UdpHeader::kBytes);
    append(answer, serialize(reply(*asked, round == 0 ? DhcpType::offer : DhcpType::ack)));
    Ipv4Address to = *parse_ipv4("10.0.0.50");
    write(server, to, UdpHeader{kDhcpServerPort, kDhcpClientPort}, answer);
    host.give_ipv4({.source = server, .destination = to, .protocol = Protocol::udp}, answer);
  }
  ASSERT_TRUE(host.stack.dhcp_lease());
  EXPECT_TRUE(host.stack.interface().addresses().usable(*parse_ip("10.0.0.50")));
  EXPECT_EQ(host.stack.interface().routes().next_hop(*parse_ip("192.0.2.1")), IpAddress(server));
  EXPECT_EQ(host.stack.resolver().servers(), (std::vector<IpAddress>{*parse_ip("10.0.0.53")}));
}

TEST(Slaac, AnAdvertisementMakesAddressesRoutesAndServersUntilTheyExpire) {
  StackConfig config;
  config.key = {1, 2};
  LoneHost host(config);
  host.pass(std::chrono::seconds(2));  // the link-local address is ours by now
  Ipv6Address router = *parse_ipv6("fe80::1");
  RouterAdvertisement message{.lifetime_s = 100,
                              .source_mac = kLeftMac,
                              .mtu = 1400,
                              .prefixes = {{*parse_ipv6("2001:db8::"), 64, true, true, 50, 40}},
                              .dns_servers = {*parse_ipv6("2001:db8::53")},
                              .dns_lifetime_s = 100};
  Bytes bytes = serialize(router, kAllNodes, NdpMessage(message));
  host.give_ipv6({.source = router,
                  .destination = kAllNodes,
                  .next_header = Protocol::icmpv6,
                  .hop_limit = 255},
                 bytes, multicast_mac(kAllNodes));
  IpAddress address = with_interface_id(*parse_ipv6("2001:db8::"), kRightMac);
  Interface& interface = host.stack.interface();
  host.pass(std::chrono::seconds(2));
  EXPECT_TRUE(interface.addresses().usable(address));
  EXPECT_EQ(interface.mtu(Family::ipv6), 1400);
  EXPECT_EQ(interface.routes().next_hop(*parse_ip("2001:4860::1")), IpAddress(router));
  EXPECT_EQ(interface.source_for(host.now, *parse_ip("2001:4860::1")), address);
  EXPECT_EQ(interface.source_for(host.now, *parse_ip("fe80::9")), IpAddress(link_local(kRightMac)));
  host.pass(std::chrono::seconds(60));
  EXPECT_FALSE(interface.addresses().usable(address));
  host.pass(std::chrono::seconds(60));
  EXPECT_FALSE(interface.routes().next_hop(*parse_ip("2001:4860::1")));
}

TEST(Slaac, AnAddressThatSomebodyElseHasIsGivenUp) {
  StackConfig config;
  config.addresses = {*parse_cidr("fd00::2/64")};
  config.key = {1, 2};
  LoneHost host(config);
  Ipv6Address ours = *parse_ipv6("fd00::2");
  Bytes claim = serialize(
      ours, kAllNodes, NdpMessage(NeighborAdvertisement{.target = ours, .target_mac = kLeftMac}));
  host.give_ipv6(
      {.source = ours, .destination = kAllNodes, .next_header = Protocol::icmpv6, .hop_limit = 255},
      claim, multicast_mac(kAllNodes));
  host.pass(std::chrono::seconds(3));
  EXPECT_FALSE(host.stack.interface().addresses().usable(ours));
}

TEST(Neighbors, UnansweredQuestionsEndAndFreeWhatWaited) {
  NeighborCache cache({});
  Time now{};
  IpAddress address = *parse_ip("10.0.0.1");
  for (int i = 0; i < 100; ++i) cache.hold(now, address, {Bytes(1000), {}});
  EXPECT_EQ(cache.held_bytes(), 1000 * NeighborCache::kHeldFramesMax);
  int questions = 0;
  while (cache.deadline() != kNever) {
    now = std::max(now, cache.deadline());
    while (cache.next_solicitation(now)) ++questions;
  }
  EXPECT_EQ(questions, 3);
  auto lost = cache.next_unreachable();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->frames.size(), NeighborCache::kHeldFramesMax);
  EXPECT_EQ(cache.held_bytes(), 0u);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(Neighbors, AFloodOfStrangersStaysBounded) {
  NeighborCache cache({});
  for (uint32_t i = 0; i < 10'000; ++i)
    cache.learn(Time{std::chrono::seconds(i)}, Ipv4Address::of(0x0a000000 + i), kLeftMac,
                Evidence::heard, NeighborCache::Create::yes);
  EXPECT_EQ(cache.size(), NeighborCache::Options{}.entries_max);
}

TEST(TimerHeap, GivesOwnersInTheOrderOfTheirTimes) {
  Random random(5);
  TimerHeap heap;
  std::vector<Time> model(200, kNever);
  for (int step = 0; step < 20'000; ++step) {
    auto owner = static_cast<uint32_t>(random.below(model.size()));
    Time at{std::chrono::microseconds(random.below(1000))};
    switch (random.below(3)) {
      case 0:
        heap.set(owner, at);
        model[owner] = std::min(model[owner], at);
        break;
      case 1:
        heap.remove(owner);
        model[owner] = kNever;
        break;
      case 2: {
        Time first = *std::min_element(model.begin(), model.end());
        ASSERT_EQ(heap.deadline(), first);
        auto due = heap.pop(at);
        ASSERT_EQ(due.has_value(), first <= at);
        if (!due) break;
        ASSERT_EQ(model[*due], first);
        model[*due] = kNever;
        break;
      }
    }
  }
}

}  // namespace
}  // namespace ukstore::net
