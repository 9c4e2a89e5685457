#include <ukstore/libos/kj/unix_driver.h>

#include <kj/debug.h>
#include <time.h>

namespace ukstore::libos_kj {

net::Time monotonic_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return net::Time(std::chrono::seconds(time.tv_sec) +
                   std::chrono::microseconds(time.tv_nsec / 1000));
}

UnixDriver::UnixDriver(kj::UnixEventPort& port, int fd, StackEvents& events)
    : port_(port),
      events_(events),
      observer_(port, fd, kj::UnixEventPort::FdObserver::OBSERVE_READ),
      running_(kj::evalLater([this]() { return run(); }).eagerlyEvaluate([](kj::Exception&& e) {
        KJ_LOG(FATAL, e);
      })) {}

// One batch a turn, so that those whom it concerns run in between.  The descriptor is watched for
// edges: only an empty device may be waited for.
kj::Promise<void> UnixDriver::run() {
  if (events_.pump() == net::Stack::Progress::some)
    return kj::evalLater([this]() { return run(); });
  kj::Promise<void> woken = observer_.whenBecomesReadable().exclusiveJoin(events_.whenChanged());
  net::Time deadline = events_.deadline();
  if (deadline != net::kNever) {
    // What has become due since waits for the end of this turn and comes in the next.
    net::Time now = events_.now();
    int64_t left_us = deadline > now ? (deadline - now).count() : 0;
    woken = woken.exclusiveJoin(port_.getTimer().afterDelay(left_us * kj::MICROSECONDS));
  }
  return woken.then([this]() { return run(); });
}

}  // namespace ukstore::libos_kj
