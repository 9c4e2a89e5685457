#pragma once
// What one connection may ask of us, and how fast: the limits of the messages that come over it.
//
// The gate looks at each message before the RPC system does.  What may come later waits in the
// stream, where it costs the peer memory and not us; what no honest peer does ends the connection.

#include <capnp/message.h>
#include <kj/refcount.h>
#include <kj/timer.h>

#include <ukstore/libos/kj/task.h>
#include <ukstore/store/bytes.h>

#include <functional>
#include <vector>

namespace ukstore {

struct GateLimits {
  // Questions that the peer has asked and not finished with: more end the connection.
  size_t questions_max = 256;
  // What a peer may send before it has logged in; more waits until it has.
  size_t unlogged_bytes_max = 8 << 10;
  // Answers that wait for the peer to read them: while there are more, nothing is read from it.
  size_t queued_bytes_max = 2 << 20;
  // From the first byte to the login, and then without a message while no question is open: longer
  // ends the connection.
  kj::Duration login_max = 10 * kj::SECONDS;
  kj::Duration idle_max = 120 * kj::SECONDS;
  // A peer's calls, over all its connections: what exceeds them waits.
  uint64_t calls_per_second = 2'000;
  uint64_t calls_burst = 4'000;
};

// So many tokens a second, and at most so many at once.
class TokenBucket final : public kj::Refcounted {
 public:
  TokenBucket(const kj::Timer& timer, uint64_t per_second, uint64_t burst)
      : timer_(timer), per_second_(per_second), burst_(burst), filled_at_(timer.now()) {
    tokens_ = static_cast<int64_t>(burst) * kTokenUs;
  }
  // Takes one; how long to wait before the next.
  kj::Duration take();

 private:
  // Token-microseconds, so that no fraction is lost.
  static constexpr int64_t kTokenUs = 1'000'000;
  const kj::Timer& timer_;
  const uint64_t per_second_, burst_;
  kj::TimePoint filled_at_;
  int64_t tokens_;
};

// Calls that are under way when a connection ends may go on for a moment: they keep the gate.
class Gate final : public kj::Refcounted {
 public:
  // Without a timer there are no limits of time.
  Gate(const GateLimits& limits, kj::Timer* timer, kj::Maybe<kj::Own<TokenBucket>> bucket);
  KJ_DISALLOW_COPY(Gate);

  // How many bytes wait to be written; nothing counts them once the connection has ended.
  void count_queued(std::function<size_t()> queued) { queued_ = std::move(queued); }

  // Resolves when a message of that size may be read.
  libos_kj::Task<void> admit(size_t message_bytes);
  // A message that was read; throws `limit` if it asks too much.
  void received(capnp::MessageReader& message);
  // What came is no message.
  void broke(const kj::Exception& exception);
  // Something was written to the peer.
  void written() { wake(); }
  // Resolves when a long answer may be made: one after another, while few bytes wait to be written.
  // Calls may have come in one flight, so that `admit` alone would let all of them through.
  kj::Promise<void> turn();
  void logged_in();

  // Never resolves; breaks with why the connection must end.
  kj::Promise<void> watch();

 private:
  libos_kj::Task<void> watch_clock();
  void wake();
  bool is_full() const { return queued_() > limits_.queued_bytes_max; }
  bool is_unknown(size_t message_bytes) const {
    return !logged_in_ && unlogged_bytes_ + message_bytes > limits_.unlogged_bytes_max;
  }
  // Resolves when something may have become true.
  kj::Promise<void> news();
  libos_kj::Task<void> room();

  const GateLimits limits_;
  kj::Timer* const timer_;
  kj::Maybe<kj::Own<TokenBucket>> bucket_;
  std::function<size_t()> queued_ = [] { return size_t{0}; };
  bool logged_in_ = false;
  size_t unlogged_bytes_ = 0;
  size_t questions_ = 0;
  uint64_t messages_ = 0;
  bool was_call_ = false;  // the last message
  kj::Duration owed_ = 0 * kj::NANOSECONDS;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> waiting_;
  kj::ForkedPromise<void> last_turn_ = kj::Promise<void>(kj::READY_NOW).fork();
  kj::PromiseFulfillerPair<void> broken_ = kj::newPromiseAndFulfiller<void>();
};

}  // namespace ukstore
