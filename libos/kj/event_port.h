#pragma once
// KJ's event loop on libos, and in a process that has no descriptors to watch.
//
//     EventPort port;
//     kj::EventLoop loop(port);
//     kj::WaitScope scope(loop);
//     port.timer().afterDelay(5 * kj::MILLISECONDS).wait(scope);
//
// The loop sleeps until the next timer, until another thread calls wake() (KJ does so for
// cross-thread fulfillers), or, on libos, until the network device has something.
// kj::setupAsyncIo() wants epoll and does not work on libos.

#include <kj/async.h>
#include <kj/timer.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace ukstore::libos_kj {

class EventPort final : public kj::EventPort {
 public:
  EventPort();
  KJ_DISALLOW_COPY(EventPort);

  // Advances whenever the loop has nothing to run; counts from when the machine started.
  kj::Timer& timer() { return timer_; }

  // Resolves when the loop next comes back from sleep, when the network device may have frames.
  // One caller at a time: a second call breaks the first one's promise.
  kj::Promise<void> whenWoken();

  bool wait() override;
  bool poll() override;
  void wake() const override;

 private:
  void sleep_until(kj::Maybe<kj::TimePoint> deadline);
  bool come_back();

  const bool on_libos_;
  kj::TimerImpl timer_;
  kj::Own<kj::PromiseFulfiller<void>> when_woken_;
  mutable std::atomic<bool> woken_ = false;
  mutable std::mutex mutex_;  // these two serve processes of Linux
  mutable std::condition_variable wakes_;
};

}  // namespace ukstore::libos_kj
