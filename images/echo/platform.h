#pragma once
// What the probe stands on: a TAP device of Linux, or the machine's network device on libos.

#include <ukstore/images/echo/options.h>
#include <ukstore/libos/net/dev/device.h>
#include <expected>
#include <memory>
#include <string>

namespace ukstore::echo {

class Platform {
 public:
  virtual ~Platform() = default;
  virtual net::Device& device() = 0;
  // Sleeps until a frame comes, `until`, or a signal; now and then it returns without reason.
  virtual void wait(net::Time until) = 0;
};

net::Time read_clock();

// What this program runs on; what is wrong if there is no device.
std::expected<std::unique_ptr<Platform>, std::string> open_platform(const Options& options);

}  // namespace ukstore::echo
