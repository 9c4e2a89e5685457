#pragma once
// Tells promises that heads of a store have moved, whichever thread moved them.

#include <ukstore/store/store.h>

#include <kj/async.h>

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
  // Looks whether another process has moved one since.
  void look();

 private:
  void fire();

  Store& store_;
  std::mutex mutex_;
  std::vector<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> waiting_;
  uint64_t seen_;  // the journal's last entry when it was looked at
  uint64_t watch_;
};

}  // namespace ukstore
