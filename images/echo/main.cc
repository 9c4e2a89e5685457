// The probe: small services over the stack, as a process on a TAP device or as an image on a
// machine of its own.

#include <signal.h>

#include <ukstore/images/echo/iperf.h>
#include <ukstore/images/echo/options.h>
#include <ukstore/images/echo/platform.h>
#include <ukstore/images/echo/services.h>
#include <ukstore/libos/net/dev/capture.h>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string_view>

namespace ukstore::echo {
namespace {

volatile sig_atomic_t stop_asked = 0;
volatile sig_atomic_t states_asked = 0;

void on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stop_asked = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  action.sa_handler = [](int) { states_asked = 1; };
  ::sigaction(SIGUSR1, &action, nullptr);
}

std::string states(net::Stack& stack) {
  const net::TcpHost::Live live = stack.tcp().live();
  const net::TcpCounters& tcp = stack.tcp().counters();
  const net::InterfaceCounters& ip = stack.interface().counters();
  return stack.tcp().describe() + "live " + std::to_string(stack.live()) + " connections " +
         std::to_string(live.connections) + " half_open " + std::to_string(live.half_open) +
         " held_bytes " + std::to_string(stack.held_bytes()) + "\nsegments in " +
         std::to_string(tcp.segments_in) + " out " + std::to_string(tcp.segments_out) + " opened " +
         std::to_string(tcp.opened) + " bad_checksum " + std::to_string(tcp.bad_checksum) +
         " frames in " + std::to_string(ip.frames_in) + " out " + std::to_string(ip.frames_out) +
         " malformed " + std::to_string(ip.malformed) + '\n';
}

void serve(net::Stack& stack, Platform& platform, const Options& options) {
  Server server(stack);
  server.listen(7, make_echo);
  server.echo_datagrams(7);
  server.listen(9, make_discard);
  server.listen(11, [&stack] { return make_text([&stack] { return states(stack); }); });
  server.listen(19, make_chargen);
  server.listen(80, make_http);
  server.listen(5000, make_request_response);
  server.listen(5201, [test = make_iperf_test()] { return make_iperf(test); });
  std::fprintf(stderr, "ready\n");
  net::Time end =
      options.seconds == 0 ? net::kNever : read_clock() + std::chrono::seconds(options.seconds);
  while (stop_asked == 0) {
    net::Time now = read_clock();
    if (now >= end) break;
    net::Stack::Progress progress = stack.receive(now);
    server.run(now);
    stack.transmit(now);
    if (states_asked != 0) {
      states_asked = 0;
      std::fputs(states(stack).c_str(), stderr);
    }
    if (progress == net::Stack::Progress::none) platform.wait(std::min(stack.deadline(), end));
  }
}

int run(const Options& options) {
  auto platform = open_platform(options);
  if (!platform) {
    std::fprintf(stderr, "echo: %s\n", platform.error().c_str());
    return 1;
  }
  std::ofstream pcap_file;
  std::optional<net::PcapWriter> pcap;
  std::optional<net::Tracer> tracer;
  net::Device* device = &(*platform)->device();
  if (!options.pcap_path.empty()) {
    pcap_file.open(options.pcap_path, std::ios::binary);
    device = &pcap.emplace(*device, pcap_file);
  }
  if (options.trace) device = &tracer.emplace(*device, std::cerr);
  on_signals();
  net::Stack stack(*device, options.stack, read_clock());
  serve(stack, **platform, options);
  return 0;
}

}  // namespace
}  // namespace ukstore::echo

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(ukstore::echo::kUsage, stdout);
    return 0;
  }
  auto options = ukstore::echo::parse_options(argc, argv);
  if (!options) {
    std::fprintf(stderr, "echo: %s\n%s", options.error().c_str(), ukstore::echo::kUsage);
    return 2;
  }
  return ukstore::echo::run(*options);
}
