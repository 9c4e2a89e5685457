#pragma once
// What the IP layer hands to the transports above it.

#include <ukstore/libos/net/buf/buf.h>
#include <ukstore/libos/net/dev/device.h>
#include <ukstore/libos/net/wire/ipv4.h>

namespace ukstore::net {

// A transport's unit, whole, addressed to one of our own addresses (UDP: or to a broadcast or
// group that reaches us).
struct Received {
  IpAddress source;
  IpAddress destination;
  Buf bytes;
  ChecksumState checksum = ChecksumState::none;
  // The whole packet as far as it is at hand, for an ICMP error about it.
  ByteSpan packet;
};

// An ICMP error about a packet that somebody sent from our address.  Anybody can forge one: the
// transport checks that the quote fits something it has under way (RFC 5927).
struct IcmpError {
  enum class Kind : uint8_t {
    port_unreachable,
    unreachable,  // host, network, protocol, or administratively
    too_big,      // see mtu
    other,        // time exceeded, parameter problem
  };

  Kind kind = Kind::other;
  Protocol protocol = Protocol::none;
  IpAddress source;  // of the quoted packet: ours
  IpAddress destination;
  ByteSpan quote;    // from the transport header on, at least 8 bytes
  uint16_t mtu = 0;  // too_big: what the path takes
};

enum class UdpVerdict : uint8_t { taken, no_such_port };
enum class Belief : uint8_t { doubted, believed };

class Upper {
 public:
  virtual ~Upper() = default;

  virtual void on_tcp(Time now, const Received& segment) = 0;
  virtual UdpVerdict on_udp(Time now, const Received& datagram) = 0;
  // `believed`: the quote fits something under way; the path's MTU is then remembered.
  virtual Belief on_icmp_error(Time now, const IcmpError& error) = 0;
};

}  // namespace ukstore::net
