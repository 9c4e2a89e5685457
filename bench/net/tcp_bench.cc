// tcp_recv, tcp_send, tcp_recv_plain, tcp_send_plain and tcp_rtt: CPU of the stack's process, ours
// against Debian's lwIP, which always has a plain TAP.  The other end is the kernel, in a network
// namespace of this program's own.  Prints a line of JSON for each name.
//
// usage: net_tcp [--quick] [NAME...]

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

struct Benchmark {
  const char* name;
  Traffic traffic;
  bool virtio_header;
  uint64_t amount, quick_amount;
};

constexpr uint64_t kGigabit = 125'000'000;
constexpr Benchmark kBenchmarks[] = {
    {"tcp_recv", Traffic::receive, true, 4 * kGigabit, kGigabit},
    {"tcp_send", Traffic::send, true, 4 * kGigabit, kGigabit},
    {"tcp_recv_plain", Traffic::receive, false, 4 * kGigabit, kGigabit},
    {"tcp_send_plain", Traffic::send, false, 4 * kGigabit, kGigabit},
    {"tcp_rtt", Traffic::round_trip, true, 40'000, 10'000},
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

// CPU seconds of the process that runs `serve`; nullopt if something went wrong.
std::optional<double> measure(void (*serve)(const Workload&), const Workload& workload) {
  pid_t server = ::fork();
  if (server == 0) {
    ::alarm(120);
    serve(workload);
    ::_exit(0);
  }
  pid_t client = ::fork();
  if (client == 0) {
    ::alarm(120);
    ::_exit(connect_and_run(workload));
  }
  int client_status = 0, server_status = 0;
  rusage usage{};
  ::waitpid(client, &client_status, 0);
  if (client_status != 0) ::kill(server, SIGTERM);
  ::wait4(server, &server_status, 0, &usage);
  if (client_status != 0 || server_status != 0) return std::nullopt;
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool run(const Benchmark& benchmark, bool quick) {
  Workload ours{.traffic = benchmark.traffic,
                .amount = quick ? benchmark.quick_amount : benchmark.amount,
                .virtio_header = benchmark.virtio_header};
  Workload theirs = ours;
  theirs.virtio_header = false;
  auto use_plain = [](Workload& workload) {
    workload.tap = "tap1";
    workload.address = "10.9.1.2";
  };
  use_plain(theirs);
  if (!ours.virtio_header) use_plain(ours);
  size_t rounds = quick ? 3 : 5;
  std::vector<double> our_s, their_s;
  for (size_t round = 0; round < rounds; ++round) {
    auto a = measure(serve_with_ours, ours);
    auto b = measure(serve_with_lwip, theirs);
    if (!a || !b) {
      std::fprintf(stderr, "%s: %s failed\n", benchmark.name, a ? "lwIP" : "ours");
      return false;
    }
    our_s.push_back(*a);
    their_s.push_back(*b);
  }
  bool rtt = benchmark.traffic == Traffic::round_trip;
  double scale = rtt ? 1e6 / static_cast<double>(ours.amount)
                     : static_cast<double>(kGigabit) / static_cast<double>(ours.amount);
  double a = median(our_s) * scale, b = median(their_s) * scale;
  std::printf(
      "{\"name\":\"%s\",\"ours\":%.4f,\"peer\":\"lwIP\",\"theirs\":%.4f,\"unit\":\"%s\","
      "\"ratio\":%.3f,\"rounds\":%zu}\n",
      benchmark.name, a, b, rtt ? "CPU us/round trip" : "CPU s/Gbit", a / b, rounds);
  std::fflush(stdout);
  return true;
}

}  // namespace
}  // namespace ukstore::bench

int main(int argc, char** argv) {
  using namespace ukstore::bench;
  bool quick = false;
  std::vector<std::string_view> names;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--quick") {
      quick = true;
    } else if (argument != "--json") {
      names.push_back(argument);
    }
  }
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) {
    std::fprintf(stderr, "net_tcp: needs root for a network namespace\n");
    return 2;
  }
  if (std::system("ip tuntap add dev tap0 mode tap vnet_hdr && ip tuntap add dev tap1 mode tap &&"
                  " ip address add 10.9.0.1/24 dev tap0 && ip address add 10.9.1.1/24 dev tap1 &&"
                  " ip link set tap0 up && ip link set tap1 up && ip link set lo up") != 0)
    return 2;
  bool well = true;
  for (const Benchmark& benchmark : kBenchmarks) {
    bool wanted =
        names.empty() || std::find(names.begin(), names.end(), benchmark.name) != names.end();
    if (wanted) well = run(benchmark, quick) && well;
  }
  return well ? 0 : 2;
}
