#pragma once
// One device with its IP addresses: frames are read and answered here as far as IP, ARP, ICMP and
// NDP go, and packets of the transports find their way out.
//
//   1. A packet goes up only if its destination is an own address that is not tentative, or (UDP
//      and ICMPv6) a broadcast or group that reaches us.
//   2. No ICMP error answers an ICMP error, a broadcast or group (but where RFC 4443 says so), a
//      fragment other than the first, or a source that is no single host.
//   3. All that waits (frames for neighbors, fragments) is bounded in bytes.

#include <ukstore/libos/net/dev/device.h>
#include <ukstore/libos/net/ip/fragments.h>
#include <ukstore/libos/net/ip/neighbor_cache.h>
#include <ukstore/libos/net/ip/own_addresses.h>
#include <ukstore/libos/net/ip/packet_header.h>
#include <ukstore/libos/net/ip/path_mtu.h>
#include <ukstore/libos/net/ip/rate_limit.h>
#include <ukstore/libos/net/ip/router_discovery.h>
#include <ukstore/libos/net/ip/routes.h>
#include <ukstore/libos/net/ip/upper.h>
#include <ukstore/libos/net/random.h>
#include <ukstore/libos/net/wire/arp.h>
#include <ukstore/libos/net/wire/ethernet.h>
#include <ukstore/libos/net/wire/icmp.h>
#include <ukstore/libos/net/wire/ipv6_extension.h>
#include <deque>
#include <map>
#include <string_view>

namespace ukstore::net {

enum class Ipv6Mode : uint8_t { off, on };
enum class DuplicateDetection : uint8_t { off, on };
enum class SendStatus : uint8_t { sent, device_full, no_route, too_long };

// Why frames were dropped, and what else is worth counting.
struct InterfaceCounters {
  uint64_t frames_in = 0;
  uint64_t frames_out = 0;
  uint64_t malformed = 0;    // did not parse
  uint64_t not_for_us = 0;   // other addresses, unknown types
  uint64_t bad_source = 0;   // sources that no honest host sends from
  uint64_t reassembled = 0;  // datagrams
  uint64_t icmp_errors_out = 0;
  uint64_t icmp_limited = 0;  // errors and answers that the limit held back
  uint64_t address_conflicts = 0;
};

class Interface {
 public:
  struct Options {
    Ipv6Mode ipv6 = Ipv6Mode::on;
    DuplicateDetection duplicate_detection = DuplicateDetection::on;
    NeighborCache::Options neighbors;
    Fragments::Options fragments;
    uint32_t icmp_errors_per_second = 100;
    uint32_t icmp_echoes_per_second = 10'000;
    uint64_t seed = 1;  // IPv4 and fragment ids
  };

  // `device` offers checksum_tx (SoftwareOffload does); it and `upper` outlive this.
  Interface(Device& device, Upper& upper, const Options& options);

  // The link is up: the IPv6 link-local address is taken, routers are asked for, and the IPv4
  // addresses are announced.
  void start(Time now);

  // Adds an address and the route to its network.  An IPv4 address is announced at once (RFC 5227,
  // section 3); an IPv6 one is tentative for a second if duplicates are looked for.
  void add_address(Time now, const Cidr& cidr, AddressOrigin origin);
  void remove_address(const IpAddress& address);
  Routes& routes() { return routes_; }
  const OwnAddresses& addresses() const { return addresses_; }
  const std::vector<Ipv6Address>& advertised_dns() const { return discovery_.dns_servers(); }

  // Reads one frame from the device and acts on it; the payload bytes that it held, or nullopt if
  // none waited.
  std::optional<size_t> receive_one(Time now);
  void on_time(Time now);
  Time deadline() const;

  const Caps& caps() const { return device_.caps(); }
  MacAddress mac() const { return device_.mac(); }
  // Of the link, as routers may have lowered it for IPv6.
  uint16_t mtu(Family family) const;
  // The largest packet that the path to `destination` is known to take.
  uint16_t path_mtu(Time now, const IpAddress& destination) const;
  std::optional<IpAddress> source_for(Time now, const IpAddress& destination) const;

  // A transport's unit: its header stands in `header`, room before it, and `payload` follows.
  struct Packet {
    IpAddress source;
    IpAddress destination;
    Protocol protocol = Protocol::udp;
    uint8_t hop_limit = 0;  // 0: the default
    uint8_t traffic_class = 0;
    // Where in the transport header the checksum stands, which this sets to the pseudo-header's
    // sum for the device to finish; nullopt: the transport has done it.
    std::optional<uint16_t> checksum_at;
    uint16_t gso_bytes = 0;  // not 0: TCP, to be cut at every so many bytes
    bool may_fragment = false;
  };
  SendStatus send(Time now, const Packet& packet, PacketHeader& header,
                  std::span<const ByteSpan> payload);

  // Whether the device takes more.  While it does not, transports plan nothing; what is sent
  // nevertheless waits, up to kBlockedMax frames.
  bool ready(Time now);
  static constexpr size_t kBlockedMax = 64;

  // A neighbor that a transport hears from is there (RFC 4861, section 7.3.1).
  void confirm_reachable(Time now, const IpAddress& destination);

  void flush(Time now) { device_.flush(now); }
  const InterfaceCounters& counters() const { return counters_; }
  size_t held_bytes() const { return neighbors_.held_bytes() + fragments_.bytes(); }
  size_t neighbors() const { return neighbors_.size(); }

 private:
  // How a frame came: errors about packets that many heard are not sent.
  enum class Cast : uint8_t { single, many };
  struct Incoming {
    const Frame& frame;
    Cast cast;
    MacAddress source_mac;
  };

  // Input, from the frame up.
  void on_frame(Time now, const Frame& frame);
  void on_arp(Time now, ByteSpan bytes);
  void on_ipv4(Time now, const Incoming& in, ByteSpan bytes);
  void deliver_ipv4(Time now, const Incoming& in, const Ipv4Header& ip, const Received& up);
  void on_ipv6(Time now, const Incoming& in, ByteSpan bytes);
  void deliver_ipv6(Time now, const Incoming& in, const Ipv6Packet& packet, const Buf& storage,
                    ByteSpan original);
  void on_icmpv4(Time now, const Incoming& in, const Ipv4Header& ip, const Received& up);
  void on_icmpv6(Time now, const Incoming& in, const Ipv6Header& ip, const Received& up);
  void on_icmpv4_error(Time now, const Icmpv4Message& message);
  void on_icmpv6_error(Time now, const Icmpv6Message& message);
  void on_ndp(Time now, const Ipv6Header& ip, const Icmpv6Message& message);
  void on_neighbor_solicitation(Time now, const Ipv6Header& ip,
                                const NeighborSolicitation& message);
  void on_neighbor_advertisement(Time now, const NeighborAdvertisement& message);
  bool accepts(const IpAddress& destination, const Incoming& in) const;

  // Errors about a packet that arrived.
  void send_icmpv4_error(Time now, Icmpv4Type type, uint8_t code, uint32_t rest, ByteSpan packet);
  void send_icmpv6_error(Time now, Icmpv6Type type, uint8_t code, uint32_t rest, ByteSpan packet,
                         Cast cast);
  void object(Time now, const Incoming& in, const Ipv6Objection& objection, ByteSpan packet);

  // Output.
  SendStatus send_fragments(Time now, const Packet& packet, ByteSpan transport, uint16_t mtu);
  SendStatus route_out(Time now, const IpAddress& destination, PacketHeader& header,
                       std::span<const ByteSpan> payload, FrameMeta meta);
  SendStatus transmit(Time now, PacketHeader& header, std::span<const ByteSpan> payload,
                      const FrameMeta& meta);
  SendStatus put(Time now, std::span<const ByteSpan> pieces, const FrameMeta& meta);
  SendResult send_held(Time now, const HeldFrame& frame);
  void send_arp(Time now, const ArpPacket& packet, const MacAddress& to);
  void send_ndp(Time now, const Ipv6Address& source, const Ipv6Address& destination,
                const NdpMessage& message);
  void send_whole(Time now, const IpAddress& source, const IpAddress& destination,
                  Protocol protocol, uint8_t hop_limit, ByteSpan bytes);
  void announce(Time now, const IpAddress& address);
  void ask(Time now, const NeighborCache::Solicitation& question);
  void release(Time now, std::vector<HeldFrame> frames, const MacAddress& to);

  Device& device_;
  Upper& upper_;
  Options options_;
  Random random_;
  OwnAddresses addresses_;
  Routes routes_;
  NeighborCache neighbors_;
  Fragments fragments_;
  RouterDiscovery discovery_;
  PathMtu path_mtu_;
  RateLimit errors_limit_;
  RateLimit echo_limit_;
  RateLimit defend_limit_{1, 1};
  std::deque<Frame> looped_;       // packets to ourselves
  std::deque<HeldFrame> blocked_;  // what a full device did not take
  uint16_t next_id_;
  uint32_t next_fragment_id_;
  InterfaceCounters counters_;
};

}  // namespace ukstore::net
