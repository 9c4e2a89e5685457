#pragma once
// Streams between simulated nodes: what is written comes after a while, and a cut breaks both ends.

#include <kj/async-io.h>
#include <kj/timer.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace ukstore::tests {

// One connection.  Cutting it breaks what is under way at both ends, wherever it stands.
class Wire {
 public:
  virtual ~Wire() noexcept(false) {}
  virtual void cut() = 0;
};

struct Joined {
  kj::Own<kj::AsyncIoStream> left, right;
  std::shared_ptr<Wire> wire;
};

// Each write takes from `delay_min` to `delay_max` in simulated time.  `random` and `timer` outlive
// the streams.
struct Delay {
  kj::Duration min, max;
};
Joined join(kj::Timer& timer, std::mt19937_64& random, Delay delay, uint64_t& bytes);

}  // namespace ukstore::tests
