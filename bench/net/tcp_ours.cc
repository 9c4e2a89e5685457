#include <poll.h>
#include <time.h>

#include <ukstore/bench/net/workload.h>
#include <ukstore/libos/net/dev/tap.h>
#include <ukstore/libos/net/stack/stack.h>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace ukstore::bench {
namespace {

net::Time read_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return net::Time(std::chrono::seconds(time.tv_sec) +
                   std::chrono::microseconds(time.tv_nsec / 1000));
}

class Application {
 public:
  Application(net::Stack& stack, const Workload& workload)
      : tcp_(stack.tcp()), workload_(workload), block_(128 * 1024) {
    listener_ = *tcp_.listen({net::Ipv4Address{}, kPort}, 1);
  }

  // False once the connection is over.
  bool step(net::Time now) {
    while (auto event = tcp_.next_event()) {
      if (event->kind == net::TcpEvent::Kind::listener) {
        if (auto id = tcp_.accept(listener_)) connection_ = *id;
        tcp_.set_nagle(connection_, net::Feature::off);
      } else if (!on_connection(now)) {
        return false;
      }
    }
    return true;
  }

 private:
  bool on_connection(net::Time now) {
    const net::Connection* connection = tcp_.find(connection_);
    while (size_t got = tcp_.read(now, connection_, block_))
      if (workload_.traffic == Traffic::round_trip)
        tcp_.write(now, connection_, net::ByteSpan(block_).first(got));
    if (workload_.traffic == Traffic::send) {
      while (sent_ < workload_.amount) {
        size_t left = std::min<uint64_t>(block_.size(), workload_.amount - sent_);
        size_t taken = tcp_.write(now, connection_, net::ByteSpan(block_).first(left));
        if (taken == 0) break;
        sent_ += taken;
      }
    }
    return !connection->end_of_stream();
  }

  net::TcpHost& tcp_;
  Workload workload_;
  net::ListenerId listener_;
  net::TcpId connection_;
  net::Bytes block_;
  uint64_t sent_ = 0;
};

}  // namespace

void serve_with_ours(const Workload& workload) {
  auto tap = net::TapDevice::open(
      {.name = workload.tap,
       .offload = workload.virtio_header ? net::TapOffload::offload : net::TapOffload::none,
       .mac = {{2, 0, 0, 0, 0, 9}}});
  if (!tap) {
    std::fprintf(stderr, "%s\n", tap.error().c_str());
    std::exit(1);
  }
  net::StackConfig config;
  config.addresses = {*net::parse_cidr(std::string(workload.address) + "/24")};
  config.interface.ipv6 = net::Ipv6Mode::off;
  config.key = {1, 2};
  net::Stack stack(**tap, config, read_clock());
  Application application(stack, workload);
  bool open = true;
  while (open) {
    net::Time now = read_clock();
    net::Stack::Progress progress = stack.receive(now);
    open = application.step(now);
    stack.transmit(now);
    if (progress == net::Stack::Progress::some) continue;
    net::Time deadline = stack.deadline();
    int wait_ms = 1000;
    if (deadline != net::kNever)
      wait_ms = deadline <= now ? 0 : static_cast<int>((deadline - now).count() / 1000 + 1);
    pollfd watched{(*tap)->fd(), POLLIN, 0};
    ::poll(&watched, 1, std::min(wait_ms, 1000));
  }
}

}  // namespace ukstore::bench
