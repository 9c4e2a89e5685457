// The MUSTs of RFC 9293 that concern a host rather than a conversation, and other behaviours that
// no script reaches; and the two tables that say what shows each MUST and each behaviour.

#include <gtest/gtest.h>

#include <ukstore/libos/net/wire/ndp.h>
#include <ukstore/libos/net/wire/transport_checksum.h>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "ip_host.h"
#include "tcp_script.h"

namespace ukstore::net {
namespace {

Bytes tcp_bytes(const IpAddress& from, const IpAddress& to, const TcpHeader& header) {
  Bytes bytes(header.wire_bytes());
  header.emit(bytes);
  set_tcp_checksum(bytes, transport_checksum(from, to, Protocol::tcp, bytes));
  return bytes;
}

TcpHeader syn_to(uint16_t port) {
  TcpHeader syn{.source_port = 4000,
                .destination_port = port,
                .seq = {100},
                .flags = {.syn = true},
                .window = 60'000};
  syn.options.mss = 1460;
  return syn;
}

// The IPv4 packets that went out since the last call.
std::vector<Bytes> packets(LoneHost& host) {
  std::vector<Bytes> all;
  for (const Bytes& frame : std::exchange(host.sent, {}))
    all.emplace_back(frame.begin() + EthernetHeader::kBytes, frame.end());
  return all;
}

TcpHeader tcp_of(const Bytes& packet) {
  return TcpView::check(parse_ipv4_packet(packet)->payload)->parse();
}

// A connection to port 80 of the lone host that has been accepted.
struct Accepted {
  ListenerId listener;
  TcpId id;
  SeqNumber next;  // that we acknowledge

  explicit Accepted(LoneHost& host, uint16_t window = 60'000) {
    host.introduce();
    listener = *host.stack.tcp().listen({Ipv4Address{}, 80}, 8);
    host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), syn_to(80)));
    next = tcp_of(packets(host).back()).seq + 1;
    host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), answer(window)));
    id = *host.stack.tcp().accept(listener);
  }

  TcpHeader answer(uint16_t window) const {
    return {.source_port = 4000,
            .destination_port = 80,
            .seq = {101},
            .ack = next,
            .flags = {.ack = true},
            .window = window};
  }
};

TEST(TcpMust, AWindowWithItsHighestBitSetIsUsedWhole) {
  LoneHost host;
  Accepted open(host, 0xffff);
  host.stack.tcp().write(host.now, open.id, Bytes(200'000));
  size_t sent = 0;
  for (int round = 0; round < 20; ++round) {
    host.stack.poll(host.now);
    size_t in_flight = 0;
    for (const Bytes& packet : packets(host)) {
      auto segment = parse_ipv4_packet(packet)->payload;
      in_flight += segment.size() - TcpView::check(segment)->header_bytes();
    }
    sent = std::max(sent, in_flight);
    open.next += static_cast<uint32_t>(in_flight);
    host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), open.answer(0xffff)));
  }
  // All acknowledged, the congestion window has grown, and one flight may fill the peer's window.
  EXPECT_GT(sent, 0x8000u);
  EXPECT_LE(sent, 0xffffu);
}

TEST(TcpMust, TheMssWeAnnounceIsWhatTheLinkTakesLessHeaders) {
  for (bool v6 : {false, true}) {
    StackConfig config = host_config(v6 ? "fd00::2/64" : "10.0.0.2/24", 5);
    LoneHost host(config);
    IpAddress peer = v6 ? *parse_ip("fd00::1") : IpAddress(left_ip());
    if (!v6) host.introduce();
    ASSERT_TRUE(host.stack.tcp().connect(host.now, {peer, 80}));
    host.stack.poll(host.now);
    if (v6) {
      // The neighbor answers.
      auto us = parse_ipv6("fd00::2").value();
      Bytes hello = serialize(peer.v6(), us, NdpMessage(NeighborSolicitation{us, kLeftMac}));
      host.give_ipv6({.source = peer.v6(),
                      .destination = us,
                      .next_header = Protocol::icmpv6,
                      .hop_limit = 255},
                     hello);
    }
    size_t ip_bytes = v6 ? Ipv6Header::kBytes : Ipv4Header::kBytes;
    bool seen = false;
    for (const Bytes& frame : host.sent) {
      auto view = frame.size() > 74 || !v6
                      ? TcpView::check(ByteSpan(frame).subspan(EthernetHeader::kBytes + ip_bytes))
                      : std::nullopt;
      if (!view || !view->parse().flags.syn) continue;
      EXPECT_EQ(view->parse().options.mss, v6 ? 1440 : 1460);
      seen = true;
    }
    EXPECT_TRUE(seen) << v6;
  }
}

// An IPv6 peer that names no MSS gets at most 1220 bytes; options take their room from the MSS.
TEST(TcpMust, SegmentsFitTheirFamilysDefaultAndLeaveRoomForOptions) {
  Time now{};
  for (auto [family, most] : {std::pair{Family::ipv4, 536U}, std::pair{Family::ipv6, 1220U}}) {
    Config config{.family = family};
    Connection connection = Connection::connect(now, config, {1}, 0);
    ASSERT_TRUE(connection.next_segment(now, {}));
    SegmentView answer{
        .header = {.seq = {500}, .ack = {2}, .flags = {.syn = true, .ack = true}, .window = 60'000},
        .payload = {}};
    answer.header.options.timestamps = Timestamps{7, 0};
    connection.on_segment(now, answer);
    connection.on_write(now, Bytes(5000));
    uint32_t largest = 0;
    while (auto plan = connection.next_segment(now, {})) {
      largest = std::max(largest, plan->length);
      EXPECT_FALSE(plan->header.options.mss) << "MSS stands on SYNs alone";
    }
    EXPECT_EQ(largest, most - 12);
  }
}

TEST(TcpMust, KeepaliveIsOffAndWouldWaitTwoHours) {
  LoneHost host;
  Accepted open(host);
  host.pass(std::chrono::minutes(1));
  host.sent.clear();
  EXPECT_EQ(host.stack.tcp().deadline(), kNever);
  host.stack.tcp().set_keepalive(host.now, open.id, Feature::on);
  host.stack.poll(host.now);
  EXPECT_GE(host.stack.tcp().deadline() - host.now, std::chrono::minutes(118));
  host.stack.tcp().set_keepalive(host.now, open.id, Feature::on, std::chrono::minutes(5),
                                 std::chrono::seconds(1), 3);
  host.pass(std::chrono::minutes(5));
  std::vector<Bytes> sent = packets(host);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(tcp_of(sent[0]).seq + 1, open.next);
}

TEST(TcpMust, TheApplicationSetsHowLongItIsTried) {
  LoneHost host;
  Accepted open(host);
  host.stack.tcp().set_user_timeout(host.now, open.id, std::chrono::seconds(5));
  host.stack.tcp().write(host.now, open.id, Bytes(10));
  host.pass(std::chrono::milliseconds(4900));
  EXPECT_EQ(host.stack.tcp().find(open.id)->failure(), Failure::none);
  host.pass(std::chrono::milliseconds(200));
  EXPECT_EQ(host.stack.tcp().find(open.id)->failure(), Failure::timed_out);
}

TEST(TcpMust, ListeningDoesNotDisturbOtherConnectionsOfThePort) {
  LoneHost host;
  Accepted open(host);
  host.stack.tcp().close(host.now, open.listener);
  auto again = host.stack.tcp().listen({right_ip(), 80}, 4);
  ASSERT_TRUE(again);
  EXPECT_EQ(host.stack.tcp().find(open.id)->state(), State::established);
  EXPECT_FALSE(host.stack.tcp().accept(*again));
  TcpHeader second = syn_to(80);
  second.source_port = 4001;
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), second));
  EXPECT_EQ(host.stack.tcp().live().half_open, 1u);
  EXPECT_EQ(host.stack.tcp().find(open.id)->state(), State::established);
}

TEST(TcpMust, OnePortMayBeListenedToOnEachAddress) {
  StackConfig config = host_config("10.0.0.2/24", 5);
  config.addresses.push_back(*parse_cidr("10.0.0.3/24"));
  LoneHost host(config);
  host.introduce();
  Ipv4Address third = *parse_ipv4("10.0.0.3");
  ListenerId second_listener = *host.stack.tcp().listen({right_ip(), 80}, 4);
  ListenerId third_listener = *host.stack.tcp().listen({third, 80}, 4);
  EXPECT_FALSE(host.stack.tcp().listen({third, 80}, 4));
  host.give_ipv4({.destination = third}, tcp_bytes(left_ip(), third, syn_to(80)));
  TcpHeader ack{.source_port = 4000,
                .destination_port = 80,
                .seq = {101},
                .ack = tcp_of(packets(host).back()).seq + 1,
                .flags = {.ack = true},
                .window = 1000};
  host.give_ipv4({.destination = third}, tcp_bytes(left_ip(), third, ack));
  EXPECT_FALSE(host.stack.tcp().accept(second_listener));
  std::optional<TcpId> id = host.stack.tcp().accept(third_listener);
  ASSERT_TRUE(id);
  EXPECT_EQ(host.stack.tcp().local(*id).address, IpAddress(third));
}

TEST(TcpMust, TheLocalAddressIsTheCallersOrWhatTheRouteAsksFor) {
  StackConfig config = host_config("10.0.0.2/24", 5);
  config.addresses.push_back(*parse_cidr("10.0.0.3/24"));
  LoneHost host(config);
  host.introduce();
  TcpHost& tcp = host.stack.tcp();
  Ipv4Address third = *parse_ipv4("10.0.0.3");
  TcpId chosen = *tcp.connect(host.now, {left_ip(), 80});
  TcpId told = *tcp.connect(host.now, {left_ip(), 80}, third);
  EXPECT_EQ(tcp.local(chosen).address, IpAddress(right_ip()));
  EXPECT_EQ(tcp.local(told).address, IpAddress(third));
  host.stack.poll(host.now);
  // What comes later is sent from the same address: the SYN again, after a second.
  host.sent.clear();
  host.pass(std::chrono::milliseconds(1100));
  std::set<std::string> sources;
  for (const Bytes& packet : packets(host))
    if (auto ip = parse_ipv4_packet(packet)) sources.insert(to_string(ip->header.source));
  EXPECT_EQ(sources, (std::set<std::string>{"10.0.0.2", "10.0.0.3"}));
  EXPECT_EQ(tcp.connect(host.now, {left_ip(), 80}, left_ip()).error(), ConnectError::no_address);
}

TEST(TcpMust, NobodyConnectsToManyOrToNobody) {
  LoneHost host;
  for (const char* to : {"10.0.0.255", "255.255.255.255", "224.0.0.1", "0.0.0.0", "::", "ff02::1"})
    EXPECT_FALSE(host.stack.tcp().connect(host.now, {*parse_ip(to), 80})) << to;
}

TEST(TcpMust, HopLimitAndTrafficClassAreWhatWasAskedFor) {
  StackConfig config = host_config("10.0.0.2/24", 5);
  config.tcp.hop_limit = 7;
  LoneHost host(config);
  Accepted open(host);
  host.stack.tcp().set_traffic_class(open.id, 0xb8);
  host.stack.tcp().write(host.now, open.id, Bytes(10));
  host.stack.poll(host.now);
  std::vector<Bytes> sent = packets(host);
  ASSERT_EQ(sent.size(), 1u);
  Ipv4Header ip = parse_ipv4_packet(sent[0])->header;
  EXPECT_EQ(ip.ttl, 7);
  EXPECT_EQ(ip.traffic_class, 0xb8);
}

TEST(TcpMust, Ipv4OptionsAreSkipped) {
  LoneHost host;
  host.introduce();
  Bytes segment = tcp_bytes(left_ip(), right_ip(), syn_to(81));
  Bytes packet(Ipv4Header::kBytes + 8);
  write(Ipv4Header{.source = left_ip(), .destination = right_ip(), .protocol = Protocol::tcp},
        8 + segment.size(), std::span(packet).first(Ipv4Header::kBytes));
  packet[0] = std::byte{0x47};
  packet[20] = std::byte{1};     // no operation
  packet[21] = std::byte{0x94};  // router alert
  packet[22] = std::byte{4};
  store_be16(packet, 10, 0);
  store_be16(packet, 10, internet_checksum(packet));
  append(packet, segment);
  host.give_packet(EtherType::ipv4, packet);
  std::vector<Bytes> sent = packets(host);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(tcp_of(sent[0]).flags.rst);  // nobody listens there: it came through
}

// Of all ICMP errors only "too big" changes an open connection; source quench changes nothing.
TEST(TcpMust, NoIcmpErrorEndsAnOpenConnection) {
  LoneHost host;
  Accepted open(host);
  host.stack.tcp().write(host.now, open.id, Bytes(100));
  host.stack.poll(host.now);
  std::vector<Bytes> sent = packets(host);
  ASSERT_EQ(sent.size(), 1u);
  struct Message {
    uint8_t type, code;
    bool reported;
  };
  for (Message each :
       {Message{4, 0, false}, Message{11, 0, false}, Message{12, 0, false}, Message{3, 0, true},
        Message{3, 1, true}, Message{3, 5, true}, Message{3, 2, true}, Message{3, 3, true}}) {
    Bytes error = serialize(
        Icmpv4Message{static_cast<Icmpv4Type>(each.type), each.code, 0, ByteSpan(sent[0])});
    host.give_ipv4({.protocol = Protocol::icmp}, error);
    const Connection& connection = *host.stack.tcp().find(open.id);
    EXPECT_EQ(connection.state(), State::established) << int{each.type};
    EXPECT_EQ(connection.last_soft_error(), each.reported) << int{each.type};
  }
  EXPECT_TRUE(packets(host).empty());
  EXPECT_EQ(host.stack.tcp().find(open.id)->statistics().segments_retransmitted, 0u);
}

// A peer that answers every probe may keep its window shut for as long as it likes.
TEST(TcpMust, AWindowMayStayShutForADay) {
  Time now{};
  Connection connection = Connection::accepted(now, {}, {.iss = {1}, .irs = {1}, .peer_mss = 1000});
  SegmentView shut{.header = {.seq = {2}, .ack = {2}, .flags = {.ack = true}, .window = 0},
                   .payload = {}};
  connection.on_segment(now, shut);
  connection.on_write(now, Bytes(100));
  int probes = 0;
  Time end = now + std::chrono::hours(24);
  while (now < end) {
    while (auto plan = connection.next_segment(now, {})) {
      EXPECT_EQ(plan->length, 0u);
      ++probes;
      connection.on_segment(now, shut);
    }
    ASSERT_NE(connection.deadline(), kNever);
    now = std::max(now, connection.deadline());
    connection.on_time(now);
  }
  EXPECT_EQ(connection.state(), State::established);
  EXPECT_GT(probes, 24 * 60 / 2 - 20);  // they back off to two minutes, not further
  EXPECT_LT(probes, 24 * 60 / 2 + 20);
}

TEST(TcpMust, PshIsOnTheLastSegmentOfWhatWasQueued) {
  LoneHost host;
  Accepted open(host);
  host.stack.tcp().write(host.now, open.id, Bytes(3500));
  host.stack.poll(host.now);
  std::vector<bool> pushed;
  for (const Bytes& packet : packets(host)) pushed.push_back(tcp_of(packet).flags.psh);
  EXPECT_EQ(pushed, (std::vector<bool>{false, false, true}));
}

TEST(TcpMust, ConnectionsThatNobodyAcceptedAreResetWithTheirListener) {
  LoneHost host;
  host.introduce();
  ListenerId listener = *host.stack.tcp().listen({Ipv4Address{}, 80}, 8);
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), syn_to(80)));
  TcpHeader ack{.source_port = 4000,
                .destination_port = 80,
                .seq = {101},
                .ack = tcp_of(packets(host).back()).seq + 1,
                .flags = {.ack = true},
                .window = 1000};
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), ack));
  EXPECT_EQ(host.stack.live(), 1u);
  host.stack.tcp().close(host.now, listener);
  host.stack.poll(host.now);
  std::vector<Bytes> sent = packets(host);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(tcp_of(sent[0]).flags.rst);
  EXPECT_EQ(host.stack.live(), 0u);
}

// Ten thousand SYNs that nobody will complete, and a client that connects meanwhile: at once, in
// the host's own time, and with no more kept than the queue holds.
TEST(TcpFlood, AGoodClientConnectsAtOnceThroughTenThousandHalfOpenOnes) {
  LoneHost host;
  host.introduce();
  ListenerId listener = *host.stack.tcp().listen({Ipv4Address{}, 80}, 8);
  TcpHeader flood = syn_to(80);
  for (uint32_t i = 0; i < 10'000; ++i) {
    flood.source_port = static_cast<uint16_t>(1024 + i);
    Ipv4Address from = Ipv4Address::of(0x0a000003 + i % 200);
    host.give_ipv4({.source = from}, tcp_bytes(from, right_ip(), flood));
  }
  host.sent.clear();
  Time before = host.now;
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), syn_to(80)));
  std::vector<Bytes> sent = packets(host);
  ASSERT_EQ(sent.size(), 1u);
  TcpHeader ack{.source_port = 4000,
                .destination_port = 80,
                .seq = {101},
                .ack = tcp_of(sent[0]).seq + 1,
                .flags = {.ack = true},
                .window = 1000};
  host.give_ipv4({}, tcp_bytes(left_ip(), right_ip(), ack));
  EXPECT_TRUE(host.stack.tcp().accept(listener));
  EXPECT_EQ(host.now, before);
  EXPECT_LE(host.stack.tcp().live().half_open, 256u);
  EXPECT_LE(host.stack.held_bytes(), 512u * 1024);
}

// --- The tables
// -----------------------------------------------------------------------------------

// NAME, and what shows it; comments and empty lines left out.
std::map<std::string, std::string> table(const std::string& file) {
  std::map<std::string, std::string> lines;
  std::ifstream in(UKSTORE_NET_TESTS "/" + file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    size_t space = line.find(' ');
    EXPECT_TRUE(lines.emplace(line.substr(0, space), line.substr(space + 1)).second) << line;
  }
  return lines;
}

std::set<std::string> test_names() {
  std::set<std::string> names;
  for (const script::Script& each : script::all_scripts()) names.insert(each.name);
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j)
      names.insert(std::string(suite.name()) + "." + suite.GetTestInfo(j)->name());
  }
  return names;
}

// Each line names scripts and tests that there are, or says why it is refused.
void expect_shown(const std::map<std::string, std::string>& lines) {
  std::set<std::string> names = test_names();
  for (const auto& [name, line] : lines) {
    if (line.starts_with("refused: ")) {
      EXPECT_GT(line.size(), 25u) << name << ": why?";
      continue;
    }
    std::istringstream words(line);
    int count = 0;
    for (std::string word; words >> word; ++count)
      EXPECT_TRUE(names.contains(word)) << name << ": no test or script " << word;
    EXPECT_GT(count, 0) << name;
  }
}

TEST(TcpMustMap, NamesWhatShowsEachMustOfRfc9293) {
  auto lines = table("rfc9293_must.txt");
  for (int i = 1; i <= 69; ++i) EXPECT_TRUE(lines.contains(std::to_string(i))) << "MUST-" << i;
  EXPECT_EQ(lines.size(), 69u);
  expect_shown(lines);
}

TEST(TcpMustMap, NamesWhatShowsEachBehaviour) {
  auto lines = table("behaviours.txt");
  expect_shown(lines);
  // The forty stand as NUMBER-NAME, and have a script of that number and name.
  std::set<std::string> names = test_names();
  for (int i = 1; i <= 40; ++i) {
    std::string prefix = (i < 10 ? "0" : "") + std::to_string(i) + "-";
    auto line = lines.lower_bound(prefix);
    ASSERT_TRUE(line != lines.end() && line->first.starts_with(prefix)) << "behaviour " << i;
    auto script = names.lower_bound(line->first);
    EXPECT_TRUE(script != names.end() && script->starts_with(line->first)) << line->first;
  }
}

}  // namespace
}  // namespace ukstore::net
