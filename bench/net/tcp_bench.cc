// TCP on a TAP against other stacks, in CPU time; the kernel of this machine is the peer of all, in
// a network namespace of this program's own.
//
//   tcp_recv, tcp_send, tcp_recv_plain, tcp_send_plain, tcp_rtt
//                ours against Debian's lwIP, which always has a plain TAP: the stack's process
//                alone
//   tcp_linux    ours against the kernel in another namespace behind a copier of frames: bulk one
//   way
//                and then the other, all processes of both ends
//   tcp_kj       ours through kj::AsyncIoStream against ours: bulk both ways, the stack's process
//
// usage: net_tcp --benchmark_filter=NAME/SIDE   SIDE: ours or peer
// Answers as Google Benchmark does, as bench/compare expects.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ukstore/bench/net/workload.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace ukstore::bench {
namespace {

using Serve = void (*)(const Workload&);
enum class Tap : uint8_t { plain, virtio };
enum class Counted : uint8_t { stack, both_ends };

struct Benchmark {
  const char* name;
  Serve serve;
  Tap tap;
  std::vector<Traffic> traffic;
  Counted counted = Counted::stack;
};

constexpr uint64_t kGigabit = 125'000'000;
const std::vector<Traffic> kBothWays{Traffic::receive, Traffic::send};
const Benchmark kBenchmarks[] = {
    {"tcp_recv/ours", serve_with_ours, Tap::virtio, {Traffic::receive}},
    {"tcp_send/ours", serve_with_ours, Tap::virtio, {Traffic::send}},
    {"tcp_recv_plain/ours", serve_with_ours, Tap::plain, {Traffic::receive}},
    {"tcp_recv_plain/peer", serve_with_lwip, Tap::plain, {Traffic::receive}},
    {"tcp_send_plain/ours", serve_with_ours, Tap::plain, {Traffic::send}},
    {"tcp_send_plain/peer", serve_with_lwip, Tap::plain, {Traffic::send}},
    {"tcp_rtt/ours", serve_with_ours, Tap::virtio, {Traffic::round_trip}},
    {"tcp_rtt/peer", serve_with_lwip, Tap::plain, {Traffic::round_trip}},
    {"tcp_linux/ours", serve_with_ours, Tap::virtio, kBothWays, Counted::both_ends},
    {"tcp_linux/peer", serve_with_linux, Tap::virtio, kBothWays, Counted::both_ends},
    {"tcp_kj/ours", serve_with_kj, Tap::virtio, kBothWays},
    {"tcp_kj/peer", serve_with_ours, Tap::virtio, kBothWays},
};

// The kernel's end.  Exits 0 if everything came and went.
int connect_and_run(const Workload& workload) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  inet_pton(AF_INET, workload.address, &address.sin_addr);
  int fd = -1;
  // The server may not be up yet: it is asked again until it is.
  for (int tries = 0; tries < 1000; ++tries) {
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) break;
    ::close(fd);
    fd = -1;
    ::usleep(2000);
  }
  if (fd < 0) return 1;
  int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  std::vector<char> block(1 << 18);
  uint64_t done = 0;
  while (done < workload.amount) {
    ssize_t moved;
    if (workload.traffic == Traffic::round_trip) {
      if (::send(fd, block.data(), kMessageBytes, MSG_NOSIGNAL) != kMessageBytes) return 1;
      if (::recv(fd, block.data(), kMessageBytes, MSG_WAITALL) != kMessageBytes) return 1;
      moved = 1;
    } else {
      size_t left = std::min<uint64_t>(block.size(), workload.amount - done);
      moved = workload.traffic == Traffic::receive ? ::send(fd, block.data(), left, MSG_NOSIGNAL)
                                                   : ::recv(fd, block.data(), left, 0);
    }
    if (moved <= 0) return 1;
    done += static_cast<uint64_t>(moved);
  }
  ::close(fd);
  return 0;
}

double seconds_of(const rusage& usage) {
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// CPU seconds of the process that runs `serve`, with its children, and of the kernel's end if that
// counts too; nullopt if something went wrong.
std::optional<double> measure(Serve serve, Counted counted, const Workload& workload) {
  pid_t server = ::fork();
  if (server == 0) {
    ::alarm(300);
    serve(workload);
    ::_exit(0);
  }
  pid_t client = ::fork();
  if (client == 0) {
    ::alarm(300);
    ::_exit(connect_and_run(workload));
  }
  int client_status = 0, server_status = 0;
  rusage client_usage{}, server_usage{};
  ::wait4(client, &client_status, 0, &client_usage);
  if (client_status != 0) ::kill(server, SIGTERM);
  ::wait4(server, &server_status, 0, &server_usage);
  if (client_status != 0 || server_status != 0) return std::nullopt;
  double seconds = seconds_of(server_usage);
  return counted == Counted::both_ends ? seconds + seconds_of(client_usage) : seconds;
}

// Prints what Google Benchmark would; the figure is in seconds a gigabit, or microseconds a round
// trip.
bool run(const Benchmark& benchmark, bool quick) {
  double seconds = 0;
  uint64_t amount = 0;
  for (Traffic traffic : benchmark.traffic) {
    bool trips = traffic == Traffic::round_trip;
    Workload workload{.traffic = traffic,
                      .amount = (trips ? 10'000 : kGigabit) * (quick ? 1 : 4),
                      .virtio_header = benchmark.tap == Tap::virtio};
    if (benchmark.tap == Tap::plain) {
      workload.tap = "tap1";
      workload.address = "10.9.1.2";
    }
    auto took = measure(benchmark.serve, benchmark.counted, workload);
    if (!took) {
      std::fprintf(stderr, "%s: an end failed\n", benchmark.name);
      return false;
    }
    seconds += *took;
    amount += workload.amount;
  }
  double each = seconds / static_cast<double>(amount);
  std::printf(
      "{\"benchmarks\":[{\"name\":\"%s\",\"cpu_time\":%.6f,\"time_unit\":\"s\","
      "\"s_gbit\":%.6f,\"us_trip\":%.4f}]}\n",
      benchmark.name, seconds, each * kGigabit, each * 1e6);
  return true;
}

bool set_up_network() {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) {
    std::fprintf(stderr, "net_tcp: needs root for a network namespace\n");
    return false;
  }
  return std::system(
             "ip tuntap add dev tap0 mode tap vnet_hdr && ip tuntap add dev tap1 mode tap &&"
             " ip address add 10.9.0.1/24 dev tap0 && ip address add 10.9.1.1/24 dev tap1 &&"
             " ip link set tap0 up && ip link set tap1 up && ip link set lo up") == 0;
}

// "^NAME(/|$)", as bench/compare has it, or NAME.
std::string_view name_in(std::string_view filter) {
  if (filter.starts_with("^")) filter.remove_prefix(1);
  return filter.substr(0, filter.find('('));
}

}  // namespace
}  // namespace ukstore::bench

int main(int argc, char** argv) {
  using namespace ukstore::bench;
  std::string_view name;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    constexpr std::string_view kFilter = "--benchmark_filter=";
    if (argument.starts_with(kFilter)) name = name_in(argument.substr(kFilter.size()));
  }
  const char* quick = std::getenv("UKSTORE_BENCH_QUICK");
  for (const Benchmark& benchmark : kBenchmarks) {
    if (name != benchmark.name) continue;
    if (!set_up_network()) return 2;
    return run(benchmark, quick != nullptr && *quick == '1') ? 0 : 2;
  }
  std::fprintf(stderr, "net_tcp: --benchmark_filter= takes one of\n");
  for (const Benchmark& benchmark : kBenchmarks) std::fprintf(stderr, "  %s\n", benchmark.name);
  return 2;
}
