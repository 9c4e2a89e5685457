#include <ukstore/sync/head_signal.h>

#include <ukstore/sync/errors.h>

namespace ukstore {

HeadSignal::HeadSignal(Store& store)
    : store_(store), watch_(store.watch({}, [this](const WatchEvent&) { wake(); })) {}

HeadSignal::~HeadSignal() { store_.unwatch(watch_); }

kj::Promise<void> HeadSignal::next() {
  auto paf = kj::newPromiseAndCrossThreadFulfiller<void>();
  std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const auto& each) { return !each->isWaiting(); });
  waiting_.push_back(kj::mv(paf.fulfiller));
  return kj::mv(paf.promise);
}

void HeadSignal::wake() {
  std::vector<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> woken;
  {
    std::lock_guard lock(mutex_);
    woken.swap(waiting_);
  }
  for (auto& each : woken) each->fulfill();
}

libos_kj::Task<void> watch_other_processes(HeadSignal& signal, const Store& store, kj::Timer& timer,
                                           kj::Duration interval) {
  uint64_t seen = get_or_throw(store.last_sequence());
  for (;;) {
    co_await timer.afterDelay(interval);
    const uint64_t now = get_or_throw(store.last_sequence());
    if (now != seen) signal.wake();
    seen = now;
  }
}

}  // namespace ukstore
