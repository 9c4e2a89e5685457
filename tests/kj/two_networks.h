#pragma once
// Two stacks over a simulated link, each as a kj::Network, and a loop that moves virtual time.

#include <kj/async.h>
#include <kj/debug.h>

#include <ukstore/libos/kj/network.h>
#include <ukstore/libos/net/dev/sim_link.h>

namespace ukstore::libos_kj {

inline constexpr net::Caps kCaps{
    .checksum_tx = true, .checksum_rx_trusted = true, .tso4 = true, .tso6 = true};

inline net::StackConfig config_of(const char* cidr, uint64_t key) {
  net::StackConfig config;
  config.addresses = {*net::parse_cidr(cidr)};
  config.dns_servers = {*net::parse_ip("10.0.0.2")};
  config.interface.duplicate_detection = net::DuplicateDetection::off;
  config.key = {key, ~key};
  return config;
}

struct TwoNetworks {
  TwoNetworks() { link.set_quality({.delay = std::chrono::milliseconds(1)}); }

  // Runs both hosts until `promise` is done; its result.
  template <typename T>
  T run(kj::Promise<T> promise) {
    while (!promise.poll(wait_scope)) KJ_ASSERT(step(), "nothing will ever happen");
    return promise.wait(wait_scope);
  }

  // One batch at each end; if nothing came, on to the next thing in time.  False if there is none.
  bool step() {
    bool some = left_events.pump() == net::Stack::Progress::some;
    some = right_events.pump() == net::Stack::Progress::some || some;
    // The end of the turn, when what was changed goes out.
    wait_scope.poll();
    if (some) return true;
    net::Time next = std::min({left.deadline(), right.deadline(), link.deadline()});
    if (next == net::kNever) return false;
    now = std::max(now, next);
    KJ_ASSERT(now < net::Time(std::chrono::hours(10)), "it takes for ever");
    return true;
  }

  kj::EventLoop loop;
  kj::WaitScope wait_scope{loop};
  net::Time now{std::chrono::seconds(1000)};
  net::SimLink link{
      1,
      {.mac = {{2, 0, 0, 0, 0, 1}}, .caps = kCaps, .takes_gso = true, .takes_partial = true},
      {.mac = {{2, 0, 0, 0, 0, 2}}, .caps = kCaps, .takes_gso = true, .takes_partial = true}};
  net::Stack left{link.device(net::LinkEnd::left), config_of("10.0.0.1/24", 1), now};
  net::Stack right{link.device(net::LinkEnd::right), config_of("10.0.0.2/24", 2), now};
  StackEvents left_events{left, [this] { return now; }};
  StackEvents right_events{right, [this] { return now; }};
  StackNetwork left_network{left_events};
  StackNetwork right_network{right_events};
};

// A connection from left to right, both ends.
struct Pair {
  explicit Pair(TwoNetworks& networks) {
    auto receiver = networks.run(networks.right_network.parseAddress("*:80"))->listen();
    auto address = networks.run(networks.left_network.parseAddress("10.0.0.2", 80));
    auto accepted = receiver->accept();
    left = networks.run(address->connect());
    right = networks.run(kj::mv(accepted));
  }

  kj::Own<kj::AsyncIoStream> left;
  kj::Own<kj::AsyncIoStream> right;
};

}  // namespace ukstore::libos_kj
