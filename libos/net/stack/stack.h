#pragma once
// A whole host: one device, its addresses, and the transports over them.
//
// The stack never waits and reads no clock.  Whoever drives it does this, for ever:
//
//   do {
//     progress = stack.receive(now);  // a batch of frames, and what is due
//     ...                   // next_event() of tcp() and udp(): read, write, accept, close
//     stack.transmit(now);  // one pass over what changed, then a flush
//   } while (progress == Stack::Progress::some);
//   wait for the device, or until stack.deadline();
//
// All calls must come from one thread; debug builds check it.

#include <ukstore/libos/net/dev/offload.h>
#include <ukstore/libos/net/ip/dhcp_client.h>
#include <ukstore/libos/net/ip/interface.h>
#include <ukstore/libos/net/stack/resolver.h>
#include <ukstore/libos/net/stack/tcp_host.h>
#include <ukstore/libos/net/stack/udp_host.h>
#include <memory>
#include <thread>

namespace ukstore::net {

enum class Dhcp : uint8_t { off, on };

struct StackConfig {
  // Static addresses and the routers for what lies beyond their networks.
  std::vector<Cidr> addresses;
  std::vector<IpAddress> gateways;
  std::vector<IpAddress> dns_servers;
  Dhcp dhcp = Dhcp::off;
  Interface::Options interface;
  TcpHost::Options tcp;
  UdpHost::Options udp;
  Resolver::Options resolver;
  // Random, and told nobody: ports, initial sequence numbers, cookies and ids come from it.
  SecretKey key;
};

class Stack final : private Upper {
 public:
  // `device` outlives the stack.
  Stack(Device& device, const StackConfig& config, Time now);
  ~Stack() override;

  TcpHost& tcp() { return tcp_; }
  UdpHost& udp() { return udp_; }
  Resolver& resolver() { return resolver_; }
  Interface& interface() { return interface_; }
  const std::optional<DhcpLease>& dhcp_lease() const { return dhcp_.lease(); }

  // One batch: at most 64 frames or 256 KiB, then all timers due.  Whether a frame came.
  enum class Progress : uint8_t { none, some };
  Progress receive(Time now);
  // Sends what the batch and the application changed, and flushes the device.
  void transmit(Time now);
  // receive() and transmit(), for those without an application in between; returns deadline().
  Time poll(Time now);

  // When to call again at the latest; Time::min() if at once.
  Time deadline() const;

  // State of any kind that outlives a call and is not configuration: zero once everything is
  // closed and its waits are over.
  size_t live() const { return tcp_.live().total() + udp_.sockets() + resolver_.pending(); }
  // Bytes of packets held anywhere.
  size_t held_bytes() const {
    return tcp_.held_bytes() + udp_.held_bytes() + interface_.held_bytes();
  }

 private:
  void on_tcp(Time now, const Received& segment) override;
  UdpVerdict on_udp(Time now, const Received& datagram) override;
  Belief on_icmp_error(Time now, const IcmpError& error) override;

  void run_dhcp(Time now);
  void apply_lease(Time now);
  void check_thread() const { assert(std::this_thread::get_id() == thread_); }

  std::thread::id thread_ = std::this_thread::get_id();
  SoftwareOffload device_;
  Interface interface_;
  TcpHost tcp_;
  UdpHost udp_;
  Resolver resolver_;
  DhcpClient dhcp_;
  std::optional<DhcpLease> applied_lease_;
  std::vector<IpAddress> fixed_dns_;
  size_t advertised_dns_ = 0;
  bool blocked_ = false;  // the device was full at the end of the last pass
};

}  // namespace ukstore::net
