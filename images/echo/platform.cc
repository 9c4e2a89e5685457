#include <ukstore/images/echo/platform.h>

#include <poll.h>
#include <time.h>

#include <ukstore/libos/core/machine_calls.h>
#include <ukstore/libos/kj/frame_device.h>

namespace ukstore::echo {
namespace {

class OnTap final : public Platform {
 public:
  explicit OnTap(std::unique_ptr<net::TapDevice> tap) : tap_(std::move(tap)) {}

  net::Device& device() override { return *tap_; }
  void wait(net::Time until) override {
    net::Duration left = until - read_clock();
    if (until != net::kNever && left.count() <= 0) return;
    left = std::min<net::Duration>(left, std::chrono::seconds(1));
    if (until == net::kNever) left = std::chrono::seconds(1);
    timespec timeout{left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
    pollfd watched{tap_->fd(), POLLIN, 0};
    ::ppoll(&watched, 1, &timeout, nullptr);
  }

 private:
  std::unique_ptr<net::TapDevice> tap_;
};

class OnLibos final : public Platform {
 public:
  explicit OnLibos(std::unique_ptr<libos_kj::FrameDevice> device) : device_(std::move(device)) {}

  net::Device& device() override { return *device_; }
  void wait(net::Time until) override { libos_kj::wait_for_frames(until); }

 private:
  std::unique_ptr<libos_kj::FrameDevice> device_;
};

}  // namespace

net::Time read_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return net::Time(std::chrono::seconds(time.tv_sec) + std::chrono::duration_cast<net::Duration>(
                                                           std::chrono::nanoseconds(time.tv_nsec)));
}

std::expected<std::unique_ptr<Platform>, std::string> open_platform(const Options& options) {
  if (libos::on_libos()) {
    auto device = libos_kj::FrameDevice::open();
    if (!device) return std::unexpected("the machine has no network device");
    return std::make_unique<OnLibos>(std::move(device));
  }
  auto tap = net::TapDevice::open(options.tap);
  if (!tap) return std::unexpected(options.tap.name + ": " + tap.error());
  return std::make_unique<OnTap>(std::move(*tap));
}

}  // namespace ukstore::echo
