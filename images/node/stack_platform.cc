// What platforms with our own stack have in common.

#include <ukstore/images/node/platform.h>

#include <sys/random.h>

namespace ukstore::node {

Result<net::StackConfig> stack_config(const Config& config) {
  using namespace std::chrono_literals;
  if (config.addresses.empty() && config.dhcp == net::Dhcp::off) {
    return fail(Error::Kind::invalid, "a stack of its own needs --address or --dhcp on");
  }
  net::StackConfig stack;
  stack.addresses = config.addresses;
  stack.gateways = config.gateways;
  stack.dns_servers = config.dns_servers;
  stack.dhcp = config.dhcp;
  // Peers vanish without a word, and come back: who is gone is known within half a minute.
  net::Config& tcp = stack.tcp.config;
  tcp.keepalive = net::Feature::on;
  tcp.keepalive_idle = 10s;
  tcp.keepalive_interval = 5s;
  tcp.keepalive_probes = 3;
  tcp.user_timeout = 30s;
  tcp.connect_timeout = 10s;
  tcp.rto_max = 5s;
  if (::getrandom(&stack.key, sizeof stack.key, 0) != static_cast<ssize_t>(sizeof stack.key)) {
    return fail(Error::Kind::io, "the system gives no random bytes");
  }
  return stack;
}

void measure_stack(net::Stack& stack, Metrics& to) {
  const net::TcpCounters& tcp = stack.tcp().counters();
  const net::InterfaceCounters& ip = stack.interface().counters();
  to.gauge("ukstore_tcp_connections", "Connections of the node's own stack.",
           stack.tcp().live().connections);
  to.gauge("ukstore_tcp_held_bytes", "Bytes of packets that the stack holds.", stack.held_bytes());
  to.counter("ukstore_tcp_segments_in_total", "TCP segments that came.", tcp.segments_in);
  to.counter("ukstore_tcp_segments_out_total", "TCP segments that went.", tcp.segments_out);
  to.counter("ukstore_tcp_opened_total", "TCP connections that were opened.", tcp.opened);
  to.counter("ukstore_tcp_resets_out_total", "Resets for what belonged to nothing.",
             tcp.resets_out);
  to.counter("ukstore_tcp_bad_checksum_total", "Segments with a wrong checksum.", tcp.bad_checksum);
  to.counter("ukstore_tcp_dropped_for_memory_total", "Segments for which there was no room.",
             tcp.dropped_for_memory);
  to.counter("ukstore_ip_frames_in_total", "Frames that came.", ip.frames_in);
  to.counter("ukstore_ip_frames_out_total", "Frames that went.", ip.frames_out);
  to.counter("ukstore_ip_malformed_total", "Frames that made no sense.", ip.malformed);
}

}  // namespace ukstore::node
