#pragma once
// The probe's command line.

#include <ukstore/libos/net/dev/tap.h>
#include <ukstore/libos/net/stack/stack.h>
#include <expected>
#include <string>

namespace ukstore::echo {

struct Options {
  net::TapDevice::Options tap{.mac = {{0x02, 0x75, 0x6b, 0, 0, 1}}};
  net::StackConfig stack;
  std::string pcap_path;  // empty: none
  bool trace = false;     // frames as text on standard error
  uint32_t seconds = 0;   // 0: until SIGTERM or SIGINT
};

// What to print for --help and after a mistake.
extern const char* const kUsage;

// The options, or what is wrong with them.
std::expected<Options, std::string> parse_options(int argc, char** argv);

}  // namespace ukstore::echo
