#include "hex.h"

#include <gtest/gtest.h>

#include <ukstore/libos/net/random.h>
#include <ukstore/libos/net/wire/arp.h>
#include <ukstore/libos/net/wire/dhcpv4.h>
#include <ukstore/libos/net/wire/dns.h>
#include <ukstore/libos/net/wire/ethernet.h>
#include <ukstore/libos/net/wire/ipv6_extension.h>
#include <ukstore/libos/net/wire/ndp.h>
#include <ukstore/libos/net/wire/print.h>
#include <ukstore/libos/net/wire/udp.h>

// Packets that Linux sent, byte by byte, and packets that nobody should believe.

namespace ukstore::net {
namespace {

// From Linux 6: an ARP request, a ping over each family, a neighbor solicitation, a datagram.
const Bytes kArp = from_hex(
    "fffffffffffff2f15870144a0806 0001080006040001f2f15870144a0a0900010000000000000a090002");
const Bytes kPing = from_hex(
    "02756b000001f2f15870144a0800 450000541e6e4000400108270a0900010a090002"
    "08005a6638b50001c855056b00000000ca4f0e0000000000101112131415161718191a1b1c1d1e1f20212223242526"
    "27"
    "28292a2b2c2d2e2f3031323334353637");
const Bytes kPing6 = from_hex(
    "02756b000001f2f15870144a86dd 600cc3b500403a40fd090000000000000000000000000001"
    "fd090000000000000000000000000002 8000bfa838b60001c855056b00000000f27a0e0000000000"
    "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637");
const Bytes kSolicitation = from_hex(
    "3333ff000002f2f15870144a86dd 6000000000203afffd090000000000000000000000000001"
    "ff0200000000000000000001ff000002 87001fda00000000fd090000000000000000000000000002"
    "0101f2f15870144a");
const Bytes kDatagram = from_hex(
    "02756b000001f2f15870144a0800 4500001fef0a4000401137af0a0900010a090002"
    "a5390007000bd419 68690a");

ByteSpan ip_of(const Bytes& frame) { return ByteSpan(frame).subspan(EthernetHeader::kBytes); }

Bytes with(Bytes bytes, size_t at, uint8_t value) {
  bytes.at(at) = std::byte{value};
  return bytes;
}

TEST(Wire, AddressesPrintAndParseInTheirCanonicalForm) {
  for (const char* text : {"::", "::1", "fe80::f0f1:58ff:fe70:144a", "2001:db8::1:0:0:1",
                           "2001:db8:0:1:1:1:1:1", "1:2:3:4:5:6:7:8", "ff02::1:ff00:2"})
    EXPECT_EQ(to_string(parse_ipv6(text).value()), text);
  EXPECT_EQ(to_string(parse_ipv6("2001:DB8:0:0:0:0:0:1").value()), "2001:db8::1");
  EXPECT_EQ(to_string(parse_ipv6("::ffff:10.0.0.1").value()), "::ffff:a00:1");
  for (const char* text : {"", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
                           "12345::", "::1:", ":1", "1:2:3:4:5:6:7::8", "g::", "::1.2.3"})
    EXPECT_FALSE(parse_ipv6(text)) << text;
  EXPECT_EQ(to_string(parse_ipv4("192.168.0.255").value()), "192.168.0.255");
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "-1.2.3.4"})
    EXPECT_FALSE(parse_ipv4(text)) << text;
  EXPECT_EQ(to_string(parse_mac("f2:f1:58:70:14:4a").value()), "f2:f1:58:70:14:4a");
  EXPECT_FALSE(parse_mac("f2:f1:58:70:14:4"));
  EXPECT_EQ(to_string(Endpoint{*parse_ip("fe80::1"), 80}), "[fe80::1]:80");
  EXPECT_TRUE(parse_cidr("10.9.0.2/24")->contains(*parse_ip("10.9.0.255")));
  EXPECT_FALSE(parse_cidr("10.9.0.2/24")->contains(*parse_ip("10.9.1.0")));
  EXPECT_TRUE(parse_cidr("fd09::/63")->contains(*parse_ip("fd09:0:0:1::5")));
  EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("fd09::1")));
  EXPECT_FALSE(parse_cidr("10.0.0.0/33"));
}

TEST(Wire, GroupsAndInterfaceIdsFollowTheRfcs) {
  MacAddress mac = *parse_mac("f2:f1:58:70:14:4a");
  EXPECT_EQ(to_string(link_local(mac)), "fe80::f0f1:58ff:fe70:144a");
  EXPECT_EQ(to_string(solicited_node(link_local(mac))), "ff02::1:ff70:144a");
  EXPECT_EQ(to_string(multicast_mac(*parse_ip("ff02::1:ff70:144a"))), "33:33:ff:70:14:4a");
  EXPECT_EQ(to_string(multicast_mac(*parse_ip("224.128.0.251"))), "01:00:5e:00:00:fb");
}

TEST(Wire, ArpReadsAndWritesWhatLinuxSends) {
  auto packet = parse_arp(ip_of(kArp));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->operation, ArpOperation::request);
  EXPECT_EQ(to_string(packet->sender), "10.9.0.1");
  EXPECT_EQ(to_string(packet->target), "10.9.0.2");
  auto bytes = serialize(*packet);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), ip_of(kArp).begin(), ip_of(kArp).end()));
  EXPECT_EQ(parse_arp(ip_of(kArp).first(27)).error(), Fault::truncated);
  EXPECT_EQ(parse_arp(ip_of(with(kArp, 15, 6))).error(), Fault::version);
  EXPECT_EQ(parse_arp(ip_of(with(kArp, 18, 8))).error(), Fault::length);
  EXPECT_EQ(parse_arp(ip_of(with(kArp, 21, 3))).error(), Fault::field);
}

TEST(Wire, Ipv4ReadsAndWritesWhatLinuxSends) {
  auto packet = parse_ipv4_packet(ip_of(kPing));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.id, 0x1e6e);
  EXPECT_TRUE(packet->header.dont_fragment);
  EXPECT_EQ(packet->payload.size(), 64u);
  Bytes header(Ipv4Header::kBytes);
  write(packet->header, 64, header);
  EXPECT_TRUE(std::equal(header.begin(), header.end(), ip_of(kPing).begin()));
  // Padding behind the packet is the link's.
  Bytes padded = kPing;
  padded.resize(kPing.size() + 20);
  EXPECT_EQ(parse_ipv4_packet(ip_of(padded))->payload.size(), 64u);
  EXPECT_EQ(parse_ipv4_packet(ip_of(kPing).first(83)).error(), Fault::truncated);
  EXPECT_EQ(parse_ipv4_packet(ip_of(with(kPing, 14, 0x65))).error(), Fault::version);
  EXPECT_EQ(parse_ipv4_packet(ip_of(with(kPing, 14, 0x44))).error(), Fault::length);
  EXPECT_EQ(parse_ipv4_packet(ip_of(with(kPing, 22, 63))).error(), Fault::checksum);
}

TEST(Wire, PingIsReadOverBothFamilies) {
  auto v4 = parse_icmpv4(parse_ipv4_packet(ip_of(kPing))->payload);
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->type, Icmpv4Type::echo_request);
  EXPECT_EQ(v4->echo_id(), 0x38b5);
  EXPECT_EQ(v4->echo_sequence(), 1);
  auto packet = parse_ipv6_packet(ip_of(kPing6));
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->header.flow_label, 0xcc3b5u);
  auto v6 = parse_icmpv6(packet->header.source, packet->header.destination, packet->payload);
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->type, Icmpv6Type::echo_request);
  Bytes again = serialize(packet->header.source, packet->header.destination, *v6);
  EXPECT_TRUE(std::equal(again.begin(), again.end(), packet->payload.begin()));
  Bytes broken = with(kPing6, 60, 1);
  auto bad = parse_ipv6_packet(ip_of(broken));
  EXPECT_EQ(parse_icmpv6(bad->header.source, bad->header.destination, bad->payload).error(),
            Fault::checksum);
}

TEST(Wire, NeighborDiscoveryIsBelievedOnlyFromTheLink) {
  auto packet = parse_ipv6_packet(ip_of(kSolicitation));
  auto message = parse_icmpv6(packet->header.source, packet->header.destination, packet->payload);
  ASSERT_TRUE(message);
  auto ndp = parse_ndp(packet->header, *message);
  ASSERT_TRUE(ndp);
  const auto& solicitation = std::get<NeighborSolicitation>(*ndp);
  EXPECT_EQ(to_string(solicitation.target), "fd09::2");
  EXPECT_EQ(solicitation.source_mac, parse_mac("f2:f1:58:70:14:4a"));
  Ipv6Header routed = packet->header;
  routed.hop_limit = 254;
  EXPECT_EQ(parse_ndp(routed, *message).error(), Fault::field);
  Ipv6Header probe = packet->header;
  probe.source = {};
  EXPECT_EQ(parse_ndp(probe, *message).error(), Fault::field);
  // An option of length zero would never end.
  Bytes zero(message->body.begin(), message->body.end());
  zero[17] = std::byte{0};
  Icmpv6Message endless = *message;
  endless.body = zero;
  EXPECT_EQ(parse_ndp(packet->header, endless).error(), Fault::field);
}

TEST(Wire, RouterAdvertisementsSurviveARoundTrip) {
  RouterAdvertisement sent{.hop_limit = 64,
                           .lifetime_s = 1800,
                           .source_mac = parse_mac("02:00:00:00:00:09"),
                           .mtu = 1400,
                           .prefixes = {{*parse_ipv6("2001:db8::"), 64, true, true, 7200, 3600}},
                           .dns_servers = {*parse_ipv6("2001:db8::53")},
                           .dns_lifetime_s = 600};
  Ipv6Header ip{.source = *parse_ipv6("fe80::9"), .destination = kAllNodes, .hop_limit = 255};
  Bytes bytes = serialize(ip.source, ip.destination, NdpMessage(sent));
  auto message = parse_icmpv6(ip.source, ip.destination, bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<RouterAdvertisement>(*parse_ndp(ip, *message)), sent);
  ip.source = *parse_ipv6("2001:db8::9");  // routers speak from their link-local address
  EXPECT_FALSE(parse_ndp(ip, *message));
}

TEST(Wire, UdpIsSummedUnlessTheSenderDidNot) {
  auto packet = parse_ipv4_packet(ip_of(kDatagram));
  const Ipv4Header& ip = packet->header;
  auto udp = parse_udp(ip.source, ip.destination, packet->payload, UdpChecksum::verify);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->header.destination_port, 7);
  EXPECT_EQ(udp->payload.size(), 3u);
  Bytes bytes(packet->payload.begin(), packet->payload.end());
  Bytes again = bytes;
  write(ip.source, ip.destination, udp->header, again);
  EXPECT_EQ(again, bytes);
  Bytes unsummed = with(with(bytes, 6, 0), 7, 0);
  EXPECT_TRUE(parse_udp(ip.source, ip.destination, unsummed, UdpChecksum::verify));
  EXPECT_EQ(
      parse_udp(*parse_ip("fd09::1"), *parse_ip("fd09::2"), unsummed, UdpChecksum::verify).error(),
      Fault::field);
  Bytes broken = with(bytes, 8, 'x');
  EXPECT_EQ(parse_udp(ip.source, ip.destination, broken, UdpChecksum::verify).error(),
            Fault::checksum);
  EXPECT_TRUE(parse_udp(ip.source, ip.destination, broken, UdpChecksum::trusted));
  EXPECT_EQ(parse_udp(ip.source, ip.destination, with(bytes, 5, 7), UdpChecksum::verify).error(),
            Fault::length);
  EXPECT_EQ(parse_udp(ip.source, ip.destination, with(bytes, 5, 12), UdpChecksum::verify).error(),
            Fault::truncated);
}

Ipv6Packet ipv6_with(Protocol first, const Bytes& payload) {
  return {{.next_header = first}, payload};
}

TEST(Wire, UnknownIpv6OptionsAreTreatedAsTheirTypeDemands) {
  struct Case {
    uint8_t type;
    bool passes, reports, for_groups;
  };
  // RFC 8200, section 4.2: the two highest bits.
  for (Case c : {Case{0x1e, true, false, false}, Case{0x5e, false, false, false},
                 Case{0x9e, false, true, true}, Case{0xde, false, true, false}}) {
    Bytes payload = from_hex("1100 010000000000 0000000000080000");
    payload[2] = std::byte{c.type};
    for (Protocol header : {Protocol::hop_by_hop, Protocol::destination_options}) {
      Ipv6Walk walk = walk_extensions(ipv6_with(header, payload));
      EXPECT_EQ(std::holds_alternative<Ipv6Chain>(walk), c.passes);
      if (c.passes) {
        EXPECT_EQ(std::get<Ipv6Chain>(walk).upper, Protocol::udp);
        continue;
      }
      const auto& objection = std::get<Ipv6Objection>(walk);
      EXPECT_EQ(objection.report == Ipv6Objection::Report::parameter_problem, c.reports);
      EXPECT_EQ(objection.for_multicast == Ipv6Objection::Multicast::report_too, c.for_groups);
      if (!c.reports) continue;
      EXPECT_EQ(objection.pointer, 42u);
      EXPECT_EQ(objection.code, 2);
    }
  }
}

TEST(Wire, Ipv6HeadersOutOfPlaceAreObjectedTo) {
  auto objection = [](Protocol first, const Bytes& payload) {
    Ipv6Walk walk = walk_extensions(ipv6_with(first, payload));
    return std::get<Ipv6Objection>(walk);
  };
  // An unknown header, a hop-by-hop header that is not the first, a routing header to follow.
  EXPECT_EQ(objection(static_cast<Protocol>(200), {}).pointer, 6u);
  EXPECT_EQ(objection(static_cast<Protocol>(200), {}).code, 1);
  Bytes late = from_hex("0000010400000000 1100010400000000");
  EXPECT_EQ(objection(Protocol::destination_options, late).pointer, 40u);
  Bytes routing = from_hex("1100000100000000");
  EXPECT_EQ(objection(Protocol::routing, routing).code, 0);
  EXPECT_EQ(objection(Protocol::routing, routing).pointer, 42u);
  Bytes done = from_hex("1100000000000000");
  EXPECT_TRUE(
      std::holds_alternative<Ipv6Chain>(walk_extensions(ipv6_with(Protocol::routing, done))));
  // Cut off, and nothing to deliver: silence.
  EXPECT_EQ(objection(Protocol::destination_options, from_hex("11000104")), Ipv6Objection{});
  EXPECT_EQ(objection(Protocol::none, {}), Ipv6Objection{});
  // A fragment whose length is no multiple of 8 though more follow.
  EXPECT_EQ(objection(Protocol::fragment, from_hex("1100000100000001 010203")).pointer, 4u);
}

TEST(Wire, DhcpSurvivesARoundTripAndRefusesNonsense) {
  DhcpMessage offer{.direction = DhcpDirection::to_client,
                    .type = DhcpType::offer,
                    .transaction = 0x12345678,
                    .yours = *parse_ipv4("10.0.0.50"),
                    .client_mac = *parse_mac("02:00:00:00:00:01"),
                    .server = parse_ipv4("10.0.0.1"),
                    .prefix_bits = 24,
                    .mtu = 1400,
                    .lease_s = 3600,
                    .renew_s = 1800,
                    .rebind_s = 3150,
                    .routers = {*parse_ipv4("10.0.0.1")},
                    .dns_servers = {*parse_ipv4("10.0.0.53"), *parse_ipv4("10.0.0.54")},
                    .host_name = "probe"};
  Bytes bytes = serialize(offer);
  EXPECT_GE(bytes.size(), 300u);
  EXPECT_EQ(parse_dhcp(bytes).value(), offer);
  EXPECT_EQ(parse_dhcp(ByteSpan(bytes).first(239)).error(), Fault::truncated);
  EXPECT_EQ(parse_dhcp(with(bytes, 236, 0)).error(), Fault::version);
  EXPECT_EQ(parse_dhcp(with(bytes, 240, 0)).error(), Fault::length);  // type read as padding
  EXPECT_EQ(parse_dhcp(with(bytes, 242, 9)).error(), Fault::field);   // no such type
  EXPECT_EQ(parse_dhcp(with(bytes, 241, 200)).error(), Fault::truncated);
}

TEST(Wire, DnsFollowsCompressedNamesAndAliases) {
  // www.a.test is an alias of b.a.test, which has an address; the names are compressed.
  Bytes answer = from_hex(
      "abcd 8180 0001 0002 0000 0000"
      "03777777 0161 0474657374 00 0001 0001"
      "c00c 0005 0001 00000e10 0004 0162 c010"
      "c028 0001 0001 0000003c 0004 0a000007");
  auto message = parse_dns(answer);
  ASSERT_TRUE(message) << name(message.error());
  EXPECT_EQ(message->question, (DnsQuestion{"www.a.test", DnsType::a}));
  DnsAnswer resolved = resolve_answer(*message);
  ASSERT_EQ(resolved.addresses.size(), 1u);
  EXPECT_EQ(to_string(resolved.addresses[0]), "10.0.0.7");
  EXPECT_EQ(resolved.ttl_s, 60u);
  EXPECT_EQ(parse_dns(serialize(*message)).value(), *message);
  // A pointer to itself, one forwards, and a count that the bytes do not hold.
  EXPECT_EQ(parse_dns(with(with(answer, 12, 0xc0), 13, 0x0c)).error(), Fault::field);
  EXPECT_EQ(parse_dns(with(answer, 29, 0x40)).error(), Fault::field);
  EXPECT_EQ(parse_dns(with(answer, 7, 9)).error(), Fault::truncated);
  EXPECT_FALSE(normalized_name("a..b"));
  EXPECT_FALSE(normalized_name(std::string(64, 'a')));
  EXPECT_EQ(normalized_name("WWW.Example.COM."), "www.example.com");
}

TEST(Wire, FramesPrintInOneLine) {
  EXPECT_EQ(describe_frame(kArp), "ARP, Request who-has 10.9.0.2 tell 10.9.0.1");
  EXPECT_EQ(describe_frame(kPing),
            "IP 10.9.0.1 > 10.9.0.2: ICMP echo request, id 14517, seq 1, length 64");
  EXPECT_EQ(describe_frame(kPing6),
            "IP6 fd09::1 > fd09::2: ICMP6, echo request, id 14518, seq 1, length 64");
  EXPECT_EQ(describe_frame(kSolicitation),
            "IP6 fd09::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fd09::2");
  EXPECT_EQ(describe_frame(kDatagram), "IP 10.9.0.1.42297 > 10.9.0.2.7: UDP, length 3");
  EXPECT_EQ(describe_frame(ByteSpan(kPing).first(40)), "IP [truncated]");
  EXPECT_EQ(describe_frame({}), "Ethernet [truncated]");
}

TEST(Wire, NoCutOrFlippedFrameIsTooMuchForAnyParser) {
  Random random(7);
  for (const Bytes* frame : {&kArp, &kPing, &kPing6, &kSolicitation, &kDatagram}) {
    for (size_t cut = 0; cut <= frame->size(); ++cut) describe_frame(ByteSpan(*frame).first(cut));
    for (int i = 0; i < 2000; ++i) {
      Bytes flipped = *frame;
      for (int flips = 0; flips < 3; ++flips)
        flipped[random.below(flipped.size())] = static_cast<std::byte>(random.next());
      describe_frame(flipped);
    }
  }
}

}  // namespace
}  // namespace ukstore::net
