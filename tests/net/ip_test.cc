#include "ip_host.h"

#include <gtest/gtest.h>

#include <ukstore/libos/net/wire/ndp.h>
#include <ukstore/libos/net/wire/transport_checksum.h>

// The IP layer's own behaviours, each by its stimulus.

namespace ukstore::net {
namespace {

using Lines = std::vector<std::string>;

Bytes echo_request(size_t bytes) {
  Bytes body(bytes, std::byte{'e'});
  return serialize(Icmpv4Message{Icmpv4Type::echo_request, 0, 0x00010002, body});
}

Bytes tcp_bytes(const IpAddress& from, const IpAddress& to, TcpHeader header) {
  Bytes bytes(header.wire_bytes());
  header.emit(bytes);
  set_tcp_checksum(bytes, transport_checksum(from, to, Protocol::tcp, bytes));
  return bytes;
}

TcpHeader syn(uint16_t port) {
  return {.source_port = 4000,
          .destination_port = port,
          .seq = {100},
          .flags = {.syn = true},
          .window = 1000};
}

const Lines kNothing;

TEST(Ip, AddressesAreAnnouncedWhenTheLinkComesUp) {
  StackConfig config = host_config("10.0.0.2/24", 5);
  config.interface.ipv6 = Ipv6Mode::off;
  LoneHost host(config);
  // The constructor sent before we listened: an address more is announced likewise.
  host.stack.interface().add_address(host.now, *parse_cidr("10.0.0.9/24"), AddressOrigin::fixed);
  EXPECT_EQ(host.lines(), Lines{"ARP, Request who-has 10.0.0.9 tell 10.0.0.9"});
}

TEST(Ip, ArpIsAnsweredAndDefended) {
  LoneHost host;
  auto ask = serialize(ArpPacket{ArpOperation::request, kLeftMac, left_ip(), {}, right_ip()});
  host.give_packet(EtherType::arp, ask, MacAddress::broadcast());
  EXPECT_EQ(host.lines(), Lines{"ARP, Reply 10.0.0.2 is-at 02:00:00:00:00:02"});
  // Somebody else says it has our address.
  auto claim = serialize(ArpPacket{ArpOperation::request, kLeftMac, right_ip(), {}, right_ip()});
  for (int i = 0; i < 5; ++i) host.give_packet(EtherType::arp, claim, MacAddress::broadcast());
  EXPECT_EQ(host.lines(), Lines{"ARP, Request who-has 10.0.0.2 tell 10.0.0.2"});
  EXPECT_EQ(host.stack.interface().counters().address_conflicts, 5u);
}

TEST(Ip, FragmentsInAnyOrderMakeTheDatagram) {
  LoneHost host;
  host.introduce();
  Bytes echo = echo_request(3000);
  std::vector<size_t> order{2, 0, 1};
  for (size_t piece : order) {
    size_t at = piece * 1200;
    size_t bytes = std::min<size_t>(1200, echo.size() - at);
    host.give_ipv4({.protocol = Protocol::icmp,
                    .id = 7,
                    .more_fragments = at + bytes < echo.size(),
                    .fragment_offset_bytes = static_cast<uint16_t>(at)},
                   ByteSpan(echo).subspan(at, bytes));
  }
  EXPECT_EQ(host.sent.size(), 3u);  // the answer is as long, in fragments of the MTU
  EXPECT_EQ(host.stack.interface().counters().reassembled, 1u);
  EXPECT_EQ(host.stack.held_bytes(), 0u);
}

TEST(Ip, OverlappingFragmentsDropTheWholeDatagram) {
  LoneHost host;
  host.introduce();
  Bytes echo = echo_request(1592);
  auto give = [&](size_t at, size_t bytes) {
    host.give_ipv4({.protocol = Protocol::icmp,
                    .id = 8,
                    .more_fragments = at + bytes < echo.size(),
                    .fragment_offset_bytes = static_cast<uint16_t>(at)},
                   ByteSpan(echo).subspan(at, bytes));
  };
  give(0, 800);
  give(792, 8);
  give(800, 800);
  EXPECT_EQ(host.lines(), kNothing);
  EXPECT_EQ(host.stack.held_bytes(), 0u);
}

TEST(Ip, AnExactDuplicateOfAFragmentDoesNoHarm) {
  LoneHost host;
  host.introduce();
  Bytes echo = echo_request(1192);
  for (int i = 0; i < 2; ++i)
    host.give_ipv4({.protocol = Protocol::icmp, .id = 9, .more_fragments = true},
                   ByteSpan(echo).first(600));
  host.give_ipv4({.protocol = Protocol::icmp, .id = 9, .fragment_offset_bytes = 600},
                 ByteSpan(echo).subspan(600));
  EXPECT_EQ(host.sent.size(), 1u);
}

TEST(Ip, ADatagramThatStaysIncompleteTimesOutAndIsReported) {
  LoneHost host;
  host.introduce();
  Bytes echo = echo_request(792);
  host.give_ipv4({.protocol = Protocol::icmp, .id = 10, .more_fragments = true},
                 ByteSpan(echo).first(400));
  // Without its first fragment nobody could tell what it was: silence.
  host.give_ipv4({.protocol = Protocol::icmp, .id = 11, .fragment_offset_bytes = 400},
                 ByteSpan(echo).subspan(400));
  EXPECT_GT(host.stack.held_bytes(), 0u);
  host.introduce();
  host.pass(std::chrono::seconds(31));
  Lines lines = host.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "IP 10.0.0.2 > 10.0.0.1: ICMP time exceeded"),
            1);
  EXPECT_EQ(host.stack.held_bytes(), 0u);
}

TEST(Ip, ReassemblyStaysWithinItsBudget) {
  LoneHost host;
  Bytes half(1480);
  for (uint16_t id = 0; id < 2000; ++id)
    host.give_ipv4({.protocol = Protocol::icmp, .id = id, .more_fragments = true}, half);
  EXPECT_LE(host.stack.held_bytes(), Fragments::Options{}.bytes_max);
}

TEST(Ip, BadChecksumsAreDropped) {
  LoneHost host;
  host.introduce();
  Bytes packet(Ipv4Header::kBytes);
  Bytes echo = echo_request(10);
  write(Ipv4Header{.source = left_ip(), .destination = right_ip(), .protocol = Protocol::icmp},
        echo.size(), packet);
  packet[8] = std::byte{33};  // the TTL, without a new sum
  append(packet, echo);
  host.give_packet(EtherType::ipv4, packet);
  Bytes broken = echo;
  broken[9] ^= std::byte{1};
  host.give_ipv4({.protocol = Protocol::icmp}, broken);
  Bytes segment = tcp_bytes(left_ip(), right_ip(), syn(80));
  segment[5] ^= std::byte{1};
  host.give_ipv4({.protocol = Protocol::tcp}, segment);
  Bytes datagram = udp_bytes(left_ip(), right_ip(), 99, 10);
  datagram[9] ^= std::byte{1};
  host.give_ipv4({.protocol = Protocol::udp}, datagram);
  EXPECT_EQ(host.lines(), kNothing);
  EXPECT_EQ(host.stack.tcp().counters().bad_checksum, 1u);
}

TEST(Ip, SynsToManyOrFromNobodyAreDropped) {
  LoneHost host;
  host.introduce();
  Ipv4Address everyone = *parse_ipv4("10.0.0.255"), group = *parse_ipv4("224.0.0.1");
  for (const Ipv4Address& to : {everyone, group, Ipv4Address::broadcast()})
    host.give_ipv4({.destination = to}, tcp_bytes(left_ip(), to, syn(80)), MacAddress::broadcast());
  // Ours in the header, but a broadcast on the link (RFC 1122, section 3.3.6).
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), syn(80)), MacAddress::broadcast());
  // Nor do we write to ourselves from outside.
  for (const Ipv4Address& from : {everyone, group, right_ip()})
    host.give_ipv4({.source = from}, tcp_bytes(from, right_ip(), syn(80)));
  EXPECT_EQ(host.lines(), kNothing);
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), syn(80)));
  EXPECT_EQ(host.lines().size(), 1u);  // a reset: the stimulus as such is sound
}

TEST(Ip, IcmpErrorsAnswerWhatDeservesOneAndNoMoreThanTheLimit) {
  LoneHost host;
  host.introduce();
  Bytes datagram = udp_bytes(left_ip(), right_ip(), 99, 10);
  host.give_ipv4({.protocol = Protocol::udp}, datagram);
  host.give_ipv4({.protocol = static_cast<Protocol>(200)}, datagram);
  EXPECT_EQ(host.lines(), (Lines{"IP 10.0.0.2 > 10.0.0.1: ICMP unreachable, code 3",
                                 "IP 10.0.0.2 > 10.0.0.1: ICMP unreachable, code 2"}));
  Ipv4Address everyone = *parse_ipv4("10.0.0.255");
  host.give_ipv4({.destination = everyone, .protocol = Protocol::udp},
                 udp_bytes(left_ip(), everyone, 99, 10), MacAddress::broadcast());
  EXPECT_EQ(host.lines(), kNothing);
  for (int i = 0; i < 1000; ++i) host.give_ipv4({.protocol = Protocol::udp}, datagram);
  EXPECT_LE(host.sent.size(), 100u);
  EXPECT_GT(host.stack.interface().counters().icmp_limited, 800u);
}

TEST(Ip, Ipv6OptionsAreActedOnAsTheirTypeDemands) {
  StackConfig config = host_config("fd00::2/64", 5);
  LoneHost host(config);
  Ipv6Address from = *parse_ipv6("fd00::1"), to = *parse_ipv6("fd00::2");
  Bytes hello = serialize(from, solicited_node(to), NdpMessage(NeighborSolicitation{to, kLeftMac}));
  host.give_ipv6({.source = from,
                  .destination = solicited_node(to),
                  .next_header = Protocol::icmpv6,
                  .hop_limit = 255},
                 hello, multicast_mac(solicited_node(to)));
  host.sent.clear();
  for (uint8_t type : {0x1e, 0x5e, 0x9e, 0xde}) {
    Bytes options{std::byte{17}, std::byte{0}, std::byte{type}, std::byte{0},
                  std::byte{1},  std::byte{2}, std::byte{0},    std::byte{0}};
    append(options, udp_bytes(from, to, 99, 8));
    host.give_ipv6(
        {.source = from, .destination = to, .next_header = Protocol::destination_options}, options);
  }
  EXPECT_EQ(host.lines(),
            (Lines{"IP6 fd00::2 > fd00::1: ICMP6, unreachable, code 4",
                   "IP6 fd00::2 > fd00::1: ICMP6, parameter problem, code 2, pointer 42",
                   "IP6 fd00::2 > fd00::1: ICMP6, parameter problem, code 2, pointer 42"}));
}

TEST(Ip, AnUnknownNextHeaderIsAParameterProblem) {
  LoneHost host(host_config("fd00::2/64", 5));
  Ipv6Address from = *parse_ipv6("fd00::1"), to = *parse_ipv6("fd00::2");
  Bytes hello = serialize(from, to, NdpMessage(NeighborSolicitation{to, kLeftMac}));
  host.give_ipv6(
      {.source = from, .destination = to, .next_header = Protocol::icmpv6, .hop_limit = 255},
      hello);
  host.sent.clear();
  host.give_ipv6({.source = from, .destination = to, .next_header = static_cast<Protocol>(200)},
                 Bytes(20));
  EXPECT_EQ(host.lines(),
            Lines{"IP6 fd00::2 > fd00::1: ICMP6, parameter problem, code 1, pointer 6"});
}

TEST(Ip, DatagramsThatMayNotBeCutHaveNoIdAndThoseCutHaveOneEach) {
  LoneHost host;
  host.introduce();
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), syn(80)));
  ASSERT_EQ(host.sent.size(), 1u);
  auto packet = parse_ipv4_packet(ByteSpan(host.sent[0]).subspan(EthernetHeader::kBytes));
  EXPECT_TRUE(packet->header.dont_fragment);
  EXPECT_EQ(packet->header.id, 0);
  host.sent.clear();
  UdpId socket = *host.stack.udp().bind({Ipv4Address{}, 0}, UdpEvents::shown);
  Bytes large(3000);
  ByteSpan piece(large);
  for (int i = 0; i < 2; ++i)
    host.stack.udp().send(host.now, socket, {left_ip(), 9}, std::span(&piece, 1));
  ASSERT_EQ(host.sent.size(), 6u);
  std::vector<uint16_t> ids;
  for (const Bytes& frame : host.sent) {
    auto fragment = parse_ipv4_packet(ByteSpan(frame).subspan(EthernetHeader::kBytes));
    EXPECT_FALSE(fragment->header.dont_fragment);
    ids.push_back(fragment->header.id);
  }
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_EQ(ids[3], ids[5]);
  EXPECT_NE(ids[0], ids[3]);
}

// A connection from our host to 10.0.0.1:80 that is established; its local port and sequence.
struct Established {
  TcpId id;
  uint16_t port;
  SeqNumber next;

  explicit Established(LoneHost& host) {
    host.introduce();
    id = *host.stack.tcp().connect(host.now, {left_ip(), 80});
    host.stack.poll(host.now);
    port = host.stack.tcp().local(id).port;
    auto sent = parse_ipv4_packet(ByteSpan(host.sent.back()).subspan(EthernetHeader::kBytes));
    next = TcpView::check(sent->payload)->parse().seq + 1;
    TcpHeader answer{.source_port = 80,
                     .destination_port = port,
                     .seq = {500},
                     .ack = next,
                     .flags = {.syn = true, .ack = true},
                     .window = 60'000};
    answer.options.mss = 1460;
    host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), answer));
    host.sent.clear();
  }

  // An ICMP error from a router about a segment with this sequence number.
  void complain(LoneHost& host, uint8_t code, uint32_t rest, SeqNumber quoted) const {
    Bytes packet(Ipv4Header::kBytes);
    write(Ipv4Header{.source = right_ip(), .destination = left_ip(), .dont_fragment = true}, 1480,
          packet);
    append_be16(packet, port);
    append_be16(packet, 80);
    append_be32(packet, quoted.value);
    Bytes error = serialize(Icmpv4Message{Icmpv4Type::unreachable, code, rest, packet});
    host.give_ipv4({.source = *parse_ipv4("10.0.0.254"), .protocol = Protocol::icmp}, error);
  }
};

TEST(Ip, FragmentationNeededCutsTheMssIfItQuotesWhatIsInFlight) {
  LoneHost host;
  Established open(host);
  Bytes data(1400);
  host.stack.tcp().write(host.now, open.id, data);
  host.stack.poll(host.now);
  ASSERT_EQ(host.sent.size(), 1u);
  host.sent.clear();
  open.complain(host, kIcmpv4FragmentationNeeded, 576, open.next + 100'000);
  EXPECT_EQ(host.sent.size(), 0u);  // forged: not in flight
  open.complain(host, kIcmpv4FragmentationNeeded, 576, open.next);
  ASSERT_GE(host.sent.size(), 1u);
  for (const Bytes& frame : host.sent) EXPECT_LE(frame.size(), 576 + EthernetHeader::kBytes);
}

TEST(Ip, UnreachablePortsOnlySoftlyFailWhatIsEstablished) {
  LoneHost host;
  Established open(host);
  host.stack.tcp().write(host.now, open.id, Bytes(100));
  host.stack.poll(host.now);
  open.complain(host, kIcmpv4PortUnreachable, 0, open.next);
  EXPECT_EQ(host.stack.tcp().find(open.id)->state(), State::established);
  EXPECT_TRUE(host.stack.tcp().find(open.id)->last_soft_error());
  // One that is only being opened ends.
  TcpId opening = *host.stack.tcp().connect(host.now, {left_ip(), 81});
  host.stack.poll(host.now);
  Bytes sent = host.sent.back();
  ByteSpan quote = ByteSpan(sent).subspan(EthernetHeader::kBytes);
  Bytes error = serialize(Icmpv4Message{Icmpv4Type::unreachable, kIcmpv4PortUnreachable, 0, quote});
  host.give_ipv4({.protocol = Protocol::icmp}, error);
  EXPECT_EQ(host.stack.tcp().find(opening)->failure(), Failure::unreachable);
}

}  // namespace
}  // namespace ukstore::net
