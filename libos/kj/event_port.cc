#include <ukstore/libos/kj/event_port.h>

#include <ukstore/libos/core/machine_calls.h>

#include <chrono>

namespace ukstore::libos_kj {
namespace {

uint64_t now_ns() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

kj::TimePoint time_point(uint64_t ns) {
  return kj::origin<kj::TimePoint>() + static_cast<int64_t>(ns) * kj::NANOSECONDS;
}

// Rounded up, so that a sleep never ends just before its timer is due.
uint64_t ns_of(kj::TimePoint at) {
  return static_cast<uint64_t>((at - kj::origin<kj::TimePoint>()) / kj::NANOSECONDS) + 1;
}

}  // namespace

EventPort::EventPort() : on_libos_(libos::on_libos()), timer_(time_point(now_ns())) {}

kj::Promise<void> EventPort::whenWoken() {
  auto pair = kj::newPromiseAndFulfiller<void>();
  when_woken_ = kj::mv(pair.fulfiller);
  return kj::mv(pair.promise);
}

void EventPort::sleep_until(kj::Maybe<kj::TimePoint> deadline) {
  uint64_t until = UINT64_MAX;
  KJ_IF_MAYBE (at, deadline) {
    until = ns_of(*at);
  }
  if (on_libos_) {
    libos::machine_call(libos::kWaitCall, until);
    return;
  }
  std::unique_lock lock(mutex_);
  auto woken = [this] { return woken_.load(); };
  if (until == UINT64_MAX) {
    wakes_.wait(lock, woken);
  } else {
    using Time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
    wakes_.wait_until(lock, Time(std::chrono::nanoseconds(until)), woken);
  }
}

bool EventPort::come_back() {
  timer_.advanceTo(time_point(now_ns()));
  if (when_woken_) {
    when_woken_->fulfill();
    when_woken_ = nullptr;
  }
  return woken_.exchange(false);
}

bool EventPort::wait() {
  sleep_until(timer_.nextEvent());
  return come_back();
}

bool EventPort::poll() { return come_back(); }

void EventPort::wake() const {
  if (on_libos_) {
    woken_ = true;
    libos::machine_call(libos::kWakeCall);
    return;
  }
  std::lock_guard lock(mutex_);
  woken_ = true;
  wakes_.notify_one();
}

}  // namespace ukstore::libos_kj
