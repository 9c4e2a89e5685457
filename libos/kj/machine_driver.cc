#include <ukstore/libos/kj/machine_driver.h>

#include <kj/debug.h>

namespace ukstore::libos_kj {

net::Time machine_now() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return net::Time(std::chrono::floor<net::Duration>(now));
}

MachineDriver::MachineDriver(EventPort& port, StackEvents& events)
    : port_(port),
      events_(events),
      running_(kj::evalLater([this]() { return run(); }).eagerlyEvaluate([](kj::Exception&& e) {
        KJ_LOG(FATAL, e);
      })) {}

// One batch a turn, so that those whom it concerns run in between.  A frame that comes after the
// device was found empty ends the sleep at once, so none is missed.
kj::Promise<void> MachineDriver::run() {
  if (events_.pump() == net::Stack::Progress::some) {
    return kj::evalLater([this]() { return run(); });
  }
  kj::Promise<void> woken = port_.whenWoken().exclusiveJoin(events_.whenChanged());
  net::Time deadline = events_.deadline();
  if (deadline != net::kNever) {
    net::Time now = events_.now();
    int64_t left_us = deadline > now ? (deadline - now).count() : 0;
    woken = woken.exclusiveJoin(port_.timer().afterDelay(left_us * kj::MICROSECONDS));
  }
  return woken.then([this]() { return run(); });
}

}  // namespace ukstore::libos_kj
