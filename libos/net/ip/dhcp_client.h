#pragma once
// A DHCP client as a pure state machine (RFC 2131, section 4.4).

#include <ukstore/libos/net/random.h>
#include <ukstore/libos/net/time.h>
#include <ukstore/libos/net/wire/dhcpv4.h>
#include <optional>

namespace ukstore::net {

// What a server lent us.
struct DhcpLease {
  Cidr address;
  std::optional<Ipv4Address> router;
  std::vector<Ipv4Address> dns_servers;
  std::optional<uint16_t> mtu;

  bool operator==(const DhcpLease&) const = default;
};

class DhcpClient {
 public:
  // The client is idle until start().
  DhcpClient(const MacAddress& mac, uint64_t seed) : mac_(mac), random_(seed) {}

  void start(Time now);
  // Gives the lease back: next_message() then holds the release, if there was a lease.
  void stop(Time now);

  // Takes in a message to port 68.
  void on_message(Time now, const DhcpMessage& message);

  // A message due at `now`; call until nullopt.  `server` is nullopt for a broadcast.
  struct Outgoing {
    DhcpMessage message;
    std::optional<Ipv4Address> server;
  };
  std::optional<Outgoing> next_message(Time now);
  Time deadline() const { return deadline_; }

  // The lease in force, or nullopt.
  const std::optional<DhcpLease>& lease() const { return lease_; }

 private:
  enum class State : uint8_t { idle, selecting, requesting, bound, renewing, rebinding };

  void restart(Time now);
  void bind(Time now, const DhcpMessage& ack);
  DhcpMessage base(DhcpType type, Time now) const;
  void schedule_retry(Time now);
  void on_deadline(Time now);

  MacAddress mac_;
  Random random_;
  State state_ = State::idle;
  uint32_t transaction_ = 0;
  Time started_{};
  Time deadline_ = kNever;
  Time renew_at_ = kNever, rebind_at_ = kNever, expires_at_ = kNever;
  uint8_t tries_ = 0;
  bool message_due_ = false;
  bool release_due_ = false;
  Ipv4Address offered_;
  Ipv4Address server_;
  std::optional<DhcpLease> lease_;
};

}  // namespace ukstore::net
