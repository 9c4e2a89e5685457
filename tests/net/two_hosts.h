#pragma once
// Two stacks at the ends of a simulated link, and the clock that moves them.

#include <ukstore/libos/net/dev/sim_link.h>
#include <ukstore/libos/net/stack/stack.h>
#include <functional>
#include <memory>

namespace ukstore::net {

inline constexpr MacAddress kLeftMac{{2, 0, 0, 0, 0, 1}};
inline constexpr MacAddress kRightMac{{2, 0, 0, 0, 0, 2}};

inline Ipv4Address left_ip() { return *parse_ipv4("10.0.0.1"); }
inline Ipv4Address right_ip() { return *parse_ipv4("10.0.0.2"); }

// All offloads, and none.
inline constexpr Caps kAllCaps{
    .checksum_tx = true, .checksum_rx_trusted = true, .tso4 = true, .tso6 = true};
inline constexpr Caps kNoCaps{};

inline SimLink::EndOptions end_options(MacAddress mac, Caps caps) {
  return {.mac = mac, .caps = caps, .takes_gso = caps.tso4, .takes_partial = caps.checksum_tx};
}

inline StackConfig host_config(const char* cidr, uint64_t key) {
  StackConfig config;
  config.addresses = {*parse_cidr(cidr)};
  config.interface.duplicate_detection = DuplicateDetection::off;
  config.key = {key, ~key};
  return config;
}

struct TwoHosts {
  explicit TwoHosts(uint64_t seed = 1, Caps caps = kAllCaps,
                    StackConfig left_config = host_config("10.0.0.1/24", 11),
                    StackConfig right_config = host_config("10.0.0.2/24", 22))
      : link(seed, end_options(kLeftMac, caps), end_options(kRightMac, caps)),
        left(link.device(LinkEnd::left), left_config, now),
        right(link.device(LinkEnd::right), right_config, now) {}

  // Runs both hosts, `each` after every input pass, until `done` or until `limit` has passed in
  // virtual time.  Returns whether it was done.
  bool run(const std::function<void()>& each, const std::function<bool()>& done,
           Duration limit = std::chrono::minutes(10)) {
    Time end = now + limit;
    for (;;) {
      left.receive(now);
      right.receive(now);
      each();
      left.transmit(now);
      right.transmit(now);
      if (done()) return true;
      Time next = std::min({left.deadline(), right.deadline(), link.deadline()});
      if (next > end) return false;
      now = std::max(now, next);
    }
  }

  void settle(Duration limit) {
    run([] {}, [] { return false; }, limit);
    now = std::max(now, now + limit);
  }

  Time now{std::chrono::seconds(1000)};
  SimLink link;
  Stack left;
  Stack right;
};

}  // namespace ukstore::net
