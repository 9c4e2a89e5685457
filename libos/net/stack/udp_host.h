#pragma once
// All UDP sockets of one stack.

#include <ukstore/libos/net/ip/interface.h>
#include <deque>
#include <expected>
#include <optional>
#include <vector>

namespace ukstore::net {

struct UdpId {
  uint32_t index = UINT32_MAX;
  uint32_t generation = 0;

  bool operator==(const UdpId&) const = default;
};

struct Datagram {
  Endpoint from;
  IpAddress to;
  Buf payload;
};

enum class BindError : uint8_t { in_use, no_address, no_port };
// Whether a socket's datagrams show in next_event().
enum class UdpEvents : uint8_t { shown, hidden };

class UdpHost {
 public:
  struct Options {
    // Bytes that may wait in one socket, whole chunks counted; beyond, datagrams are lost.
    size_t queue_bytes_max = 256 * 1024;
    size_t sockets_max = 1024;
    uint64_t seed = 1;  // ephemeral ports
  };

  // `interface` outlives this.
  UdpHost(Interface& interface, const Options& options)
      : interface_(interface), options_(options), random_(options.seed) {}

  // A socket that receives what comes to `local`.  The unspecified address stands for all of its
  // family, IPv6's for both; port 0 for a random free one.
  std::expected<UdpId, BindError> bind(const Endpoint& local, UdpEvents events);
  void close(UdpId id);
  Endpoint local(UdpId id) const;

  // Sends one datagram; larger ones than the path takes are fragmented.  `too_long` beyond 65,507
  // bytes over IPv4 (65,527 over IPv6).
  SendStatus send(Time now, UdpId id, const Endpoint& to, std::span<const ByteSpan> pieces);
  // The oldest datagram that waits, or nullopt.
  std::optional<Datagram> receive(UdpId id);
  // A peer that answered "port unreachable" since the last call.
  std::optional<Endpoint> take_refusal(UdpId id);

  // A socket that has something to receive, or a refusal.
  std::optional<UdpId> next_event();

  UdpVerdict on_datagram(Time now, const Received& received);
  Belief on_icmp_error(const IcmpError& error);

  size_t sockets() const { return open_; }
  size_t held_bytes() const { return held_bytes_; }

 private:
  struct Socket {
    Endpoint local;
    UdpEvents events = UdpEvents::shown;
    uint32_t generation = 0;  // 0: free
    std::deque<Datagram> queue;
    size_t queued_bytes = 0;
    std::optional<Endpoint> refusal;
    bool event_queued = false;
  };

  Socket* find(UdpId id);
  const Socket* find(UdpId id) const { return const_cast<UdpHost*>(this)->find(id); }
  Socket* receiver(const IpAddress& address, uint16_t port);
  bool in_use(const IpAddress& address, uint16_t port) const;
  void notify(Socket& socket);

  Interface& interface_;
  Options options_;
  Random random_;
  std::vector<Socket> sockets_;
  std::deque<UdpId> events_;
  uint32_t next_generation_ = 1;
  size_t open_ = 0;
  size_t held_bytes_ = 0;
};

}  // namespace ukstore::net
