#include <ukstore/sync/head_signal.h>

namespace ukstore {

HeadSignal::HeadSignal(Store& store)
    : store_(store),
      seen_(store.last_sequence().value_or(0)),
      watch_(store.watch({}, [this](const WatchEvent&) { fire(); })) {}

HeadSignal::~HeadSignal() { store_.unwatch(watch_); }

kj::Promise<void> HeadSignal::next() {
  auto paf = kj::newPromiseAndCrossThreadFulfiller<void>();
  std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const auto& each) { return !each->isWaiting(); });
  waiting_.push_back(kj::mv(paf.fulfiller));
  return kj::mv(paf.promise);
}

void HeadSignal::look() {
  // A store that cannot be read now is looked at again.
  const uint64_t last = store_.last_sequence().value_or(seen_);
  if (std::exchange(seen_, last) != last) fire();
}

void HeadSignal::fire() {
  std::vector<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> woken;
  {
    std::lock_guard lock(mutex_);
    woken.swap(waiting_);
  }
  for (auto& each : woken) each->fulfill();
}

}  // namespace ukstore
