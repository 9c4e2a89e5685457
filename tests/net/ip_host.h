#pragma once
// One stack whose other end is the test: frames go in by hand, and what it sends is kept.

#include "two_hosts.h"

#include <ukstore/libos/net/wire/print.h>
#include <ukstore/libos/net/wire/udp.h>

namespace ukstore::net {

struct LoneHost {
  explicit LoneHost(StackConfig config = host_config("10.0.0.2/24", 5))
      : link(1, {.mac = kLeftMac}, {.mac = kRightMac}),
        stack(link.device(LinkEnd::right), config, now) {
    link.set_filter([this](LinkEnd from, ByteSpan frame) {
      if (from == LinkEnd::right) sent.emplace_back(frame.begin(), frame.end());
      return from == LinkEnd::left;
    });
  }

  // Puts a frame on the cable and lets the host act on it.
  void give(ByteSpan frame) {
    link.device(LinkEnd::left).send(now, std::span(&frame, 1), {});
    stack.poll(now);
  }

  void give_packet(EtherType type, ByteSpan packet, MacAddress to = kRightMac) {
    Bytes frame(EthernetHeader::kBytes);
    write(EthernetHeader{to, kLeftMac, type}, frame);
    append(frame, packet);
    give(frame);
  }

  // An IPv4 packet from 10.0.0.1.
  void give_ipv4(Ipv4Header header, ByteSpan payload, MacAddress to = kRightMac) {
    if (header.source.is_unspecified()) header.source = left_ip();
    if (header.destination.is_unspecified()) header.destination = right_ip();
    Bytes packet(Ipv4Header::kBytes);
    write(header, payload.size(), packet);
    append(packet, payload);
    give_packet(EtherType::ipv4, packet, to);
  }

  void give_ipv6(Ipv6Header header, ByteSpan payload, MacAddress to = kRightMac) {
    Bytes packet(Ipv6Header::kBytes);
    write(header, payload.size(), packet);
    append(packet, payload);
    give_packet(EtherType::ipv6, packet, to);
  }

  // Tells the host our address, so that its answers need not ask first.
  void introduce() {
    auto arp = serialize(ArpPacket{ArpOperation::request, kLeftMac, left_ip(), {}, right_ip()});
    give_packet(EtherType::arp, arp, MacAddress::broadcast());
    sent.clear();
  }

  void pass(Duration time) {
    Time end = now + time;
    for (Time next = stack.poll(now); next <= end; next = stack.poll(now))
      now = std::max(now + Duration(1), next);
    now = end;
    stack.poll(now);
  }

  // What was sent since the last call, a line each.
  std::vector<std::string> lines() {
    std::vector<std::string> text;
    for (const Bytes& frame : sent) text.push_back(describe_frame(frame));
    sent.clear();
    return text;
  }

  Time now{std::chrono::seconds(1000)};
  SimLink link;
  std::vector<Bytes> sent;
  Stack stack;
};

inline Bytes udp_bytes(const IpAddress& from, const IpAddress& to, uint16_t port, size_t bytes) {
  Bytes datagram(UdpHeader::kBytes + bytes, std::byte{'u'});
  write(from, to, UdpHeader{4000, port}, datagram);
  return datagram;
}

}  // namespace ukstore::net
