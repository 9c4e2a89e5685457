// A whole host, fed with Ethernet frames made from the input: each takes a kind, a length and
// bytes; addresses and checksums are often made right, so that the input gets past them.  The
// application reads, echoes and closes.  Whatever comes, memory stays within its budgets.

#include <ukstore/libos/net/dev/sim_link.h>
#include <ukstore/libos/net/stack/stack.h>
#include <ukstore/libos/net/wire/transport_checksum.h>
#include <ukstore/tests/fuzz/input.h>
#include <cstdlib>

namespace ukstore::net {
namespace {

using fuzz::Input;

constexpr MacAddress kPeer{{2, 0, 0, 0, 0, 1}}, kUs{{2, 0, 0, 0, 0, 2}};

StackConfig config() {
  StackConfig config;
  config.addresses = {*parse_cidr("10.0.0.2/24"), *parse_cidr("fd00::2/64")};
  config.interface.duplicate_detection = DuplicateDetection::off;
  config.dhcp = Dhcp::on;
  config.tcp.memory_bytes_max = 1u << 20;
  config.key = {1, 2};
  return config;
}

// Sets the transport's checksum right, wherever it has one.
void repair(Protocol protocol, const IpAddress& from, const IpAddress& to, Bytes& bytes) {
  size_t at = protocol == Protocol::tcp ? 16 : protocol == Protocol::udp ? 6 : 2;
  if (bytes.size() < at + 2) return;
  if (protocol == Protocol::udp && bytes.size() >= 8)
    store_be16(bytes, 4, static_cast<uint16_t>(bytes.size()));
  store_be16(bytes, at, 0);
  uint16_t sum = protocol == Protocol::icmp ? internet_checksum(bytes)
                                            : transport_checksum(from, to, protocol, bytes);
  store_be16(bytes, at, sum);
}

Bytes make_frame(Input& input) {
  uint8_t kind = input.byte();
  ByteSpan raw = std::as_bytes(std::span(input.take(size_t{input.byte()} * 4)));
  Bytes body(raw.begin(), raw.end());
  Bytes frame(EthernetHeader::kBytes);
  bool v4 = (kind & 1) != 0;
  EtherType type = (kind & 0x40) != 0 ? EtherType::arp : v4 ? EtherType::ipv4 : EtherType::ipv6;
  write(EthernetHeader{(kind & 0x20) != 0 ? MacAddress::broadcast() : kUs, kPeer, type}, frame);
  if ((kind & 0xc0) == 0) {
    static constexpr Protocol kProtocols[] = {Protocol::tcp, Protocol::udp, Protocol::icmp,
                                              Protocol::fragment};
    Protocol protocol = kProtocols[kind >> 1 & 3];
    if (v4) {
      Ipv4Address from = *parse_ipv4("10.0.0.1"), to = *parse_ipv4("10.0.0.2");
      repair(protocol, from, to, body);
      Ipv4Header header{.source = from, .destination = to, .protocol = protocol};
      header.more_fragments = (kind & 8) != 0;
      header.fragment_offset_bytes = (kind & 16) != 0 ? static_cast<uint16_t>(input.byte() * 8) : 0;
      Bytes ip(Ipv4Header::kBytes);
      write(header, body.size(), ip);
      append(frame, ip);
    } else {
      Ipv6Address from = *parse_ipv6("fd00::1"), to = *parse_ipv6("fd00::2");
      if (protocol == Protocol::icmp) protocol = Protocol::icmpv6;
      if ((kind & 8) != 0) protocol = static_cast<Protocol>(input.byte());
      repair(protocol, from, to, body);
      Bytes ip(Ipv6Header::kBytes);
      write(
          Ipv6Header{.source = from, .destination = to, .next_header = protocol, .hop_limit = 255},
          body.size(), ip);
      append(frame, ip);
    }
  }
  append(frame, body);
  return frame;
}

void serve(Stack& stack, Time now, uint8_t choice) {
  while (auto event = stack.tcp().next_event()) {
    if (event->kind == TcpEvent::Kind::listener) {
      while (stack.tcp().accept(event->listener)) continue;
      continue;
    }
    std::array<std::byte, 4096> buffer;
    size_t got = stack.tcp().read(now, event->connection, buffer);
    stack.tcp().write(now, event->connection, ByteSpan(buffer).first(got));
    const Connection* connection = stack.tcp().find(event->connection);
    if (connection->end_of_stream() || choice % 16 == 0) stack.tcp().close(now, event->connection);
  }
  while (auto id = stack.udp().next_event())
    while (stack.udp().receive(*id)) continue;
}

}  // namespace
}  // namespace ukstore::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ukstore::net;
  if (size > 2048) return 0;  // many short conversations find more than a few long ones
  Input input(data, size);
  Time now{std::chrono::seconds(100)};
  SimLink link(1, {.mac = kPeer, .mtu = 9000}, {.mac = kUs});
  Stack stack(link.device(LinkEnd::right), config(), now);
  static_cast<void>(stack.tcp().listen({Ipv6Address{}, 80}, 4));
  static_cast<void>(stack.udp().bind({Ipv6Address{}, 7}, UdpEvents::shown));
  while (!input.empty()) {
    uint8_t choice = input.byte();
    now += std::chrono::milliseconds(choice >> 4 == 15 ? 60'000 : choice);
    Bytes frame = make_frame(input);
    ByteSpan piece(frame);
    link.device(LinkEnd::left).send(now, std::span(&piece, 1), {});
    stack.receive(now);
    serve(stack, now, choice);
    stack.transmit(now);
    while (link.device(LinkEnd::left).receive(now)) continue;
    if (stack.tcp().held_bytes() > (2u << 20) || stack.held_bytes() > (4u << 20)) std::abort();
  }
  return 0;
}
