#pragma once
// Tells promises that heads of a store have moved, whichever thread moved them.

#include <ukstore/libos/kj/task.h>
#include <ukstore/store/store.h>

#include <kj/async.h>
#include <kj/timer.h>

#include <mutex>
#include <vector>

namespace ukstore {

class HeadSignal {
 public:
  // The store outlives this.
  explicit HeadSignal(Store& store);
  ~HeadSignal();
  KJ_DISALLOW_COPY(HeadSignal);

  // Resolves after the next move of any head or tag.  Ask for it first, then look at the heads.
  kj::Promise<void> next();
  // As if a head had moved: for whoever has learnt that otherwise.  From any thread.
  void wake();

 private:
  Store& store_;
  std::mutex mutex_;
  std::vector<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> waiting_;
  uint64_t watch_;
};

// Other processes may move the heads, too, and nobody tells of that: looks at the journal every so
// often and wakes the signal, until cancelled.  All outlive it.
libos_kj::Task<void> watch_other_processes(HeadSignal& signal, const Store& store, kj::Timer& timer,
                                           kj::Duration interval);

}  // namespace ukstore
