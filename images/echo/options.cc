#include <ukstore/images/echo/options.h>

#include <sys/random.h>

#include <charconv>
#include <string_view>

namespace ukstore::echo {

const char* const kUsage =
    "usage: echo --tap NAME --address ADDRESS/BITS [--gateway ADDRESS] [--dhcp] [--dns ADDRESS]\n"
    "            [--mac MAC] [--plain] [--time-wait SECONDS] [--memory MIB] [--pcap FILE]\n"
    "            [--trace] [--seconds N]\n"
    "\n"
    "Serves on a TAP device, over a TCP/IP stack of its own: echo (7, also UDP), discard (9), the\n"
    "states of its connections (11), chargen (19), a page over HTTP (80), request and response\n"
    "(5000: a line with a count is answered with so many bytes), and iperf3 (5201).\n"
    "--address and --gateway may stand several times.  --plain goes without the virtio net "
    "header.\n"
    "SIGUSR1 prints the states of all connections to standard error.\n";

namespace {

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string bad(std::string_view option, std::string_view value) {
  return std::string(option) + " cannot be " + std::string(value);
}

// Options that stand alone; false if `option` is none of them.
bool take_switch(std::string_view option, Options& options) {
  if (option == "--dhcp") {
    options.stack.dhcp = net::Dhcp::on;
  } else if (option == "--plain") {
    options.tap.offload = net::TapOffload::none;
  } else if (option == "--trace") {
    options.trace = true;
  } else {
    return false;
  }
  return true;
}

// Options with a value; what is wrong, or an empty string.
std::string take_value(std::string_view option, std::string_view value, Options& options) {
  if (option == "--tap") {
    options.tap.name = value;
  } else if (option == "--pcap") {
    options.pcap_path = value;
  } else if (option == "--address") {
    auto cidr = net::parse_cidr(value);
    if (!cidr) return bad(option, value);
    options.stack.addresses.push_back(*cidr);
  } else if (option == "--gateway" || option == "--dns") {
    auto address = net::parse_ip(value);
    if (!address) return bad(option, value);
    (option == "--dns" ? options.stack.dns_servers : options.stack.gateways).push_back(*address);
  } else if (option == "--mac") {
    auto mac = net::parse_mac(value);
    if (!mac || mac->is_multicast()) return bad(option, value);
    options.tap.mac = *mac;
  } else if (option == "--seconds" || option == "--time-wait" || option == "--memory") {
    auto count = number(value);
    if (!count) return bad(option, value);
    if (option == "--seconds") options.seconds = *count;
    if (option == "--time-wait") options.stack.tcp.config.time_wait = std::chrono::seconds(*count);
    if (option == "--memory") options.stack.tcp.memory_bytes_max = size_t{*count} << 20;
  } else {
    return "unknown option " + std::string(option);
  }
  return {};
}

}  // namespace

std::expected<Options, std::string> parse_options(int argc, char** argv) {
  Options options;
  if (::getrandom(&options.stack.key, sizeof options.stack.key, 0) !=
      static_cast<ssize_t>(sizeof options.stack.key))
    return std::unexpected("no randomness");
  for (int i = 1; i < argc; ++i) {
    std::string_view option = argv[i];
    if (take_switch(option, options)) continue;
    if (i + 1 == argc) return std::unexpected(std::string(option) + " wants a value");
    std::string mistake = take_value(option, argv[++i], options);
    if (!mistake.empty()) return std::unexpected(mistake);
  }
  if (options.stack.addresses.empty() && options.stack.dhcp == net::Dhcp::off)
    return std::unexpected("--address or --dhcp is needed");
  return options;
}

}  // namespace ukstore::echo
