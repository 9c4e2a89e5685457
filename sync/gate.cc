#include <ukstore/sync/gate.h>

#include <ukstore/sync/errors.h>

#include <capnp/rpc.capnp.h>
#include <kj/debug.h>

#include <algorithm>

namespace ukstore {
namespace {

kj::Exception beyond(std::string why) {
  return to_exception({Error::Kind::limit, "the peer " + std::move(why)});
}

}  // namespace

kj::Duration TokenBucket::take() {
  const kj::TimePoint now = timer_.now();
  const int64_t full = static_cast<int64_t>(burst_) * kTokenUs;
  const int64_t passed_us = (now - filled_at_) / kj::MICROSECONDS;
  const auto rate = static_cast<int64_t>(per_second_);
  // A long pause fills it, whatever its length.
  tokens_ = passed_us > full / rate ? full : std::min(full, tokens_ + passed_us * rate);
  filled_at_ = now;
  tokens_ -= kTokenUs;
  return tokens_ >= 0 ? 0 * kj::NANOSECONDS : (-tokens_ / rate + 1) * kj::MICROSECONDS;
}

Gate::Gate(const GateLimits& limits, kj::Timer* timer, kj::Maybe<kj::Own<TokenBucket>> bucket)
    : limits_(limits), timer_(timer), bucket_(kj::mv(bucket)) {}

libos_kj::Task<void> Gate::admit(size_t message_bytes) {
  if (timer_ && owed_ > 0 * kj::NANOSECONDS) {
    co_await timer_->afterDelay(std::exchange(owed_, 0 * kj::NANOSECONDS));
  }
  // What the last call does comes before what is asked next.
  if (std::exchange(was_call_, false)) co_await kj::evalLater([] {});
  while (is_unknown(message_bytes) || is_full()) co_await news();
  if (!logged_in_) unlogged_bytes_ += message_bytes;
}

void Gate::received(capnp::MessageReader& message) {
  ++messages_;
  switch (message.getRoot<capnp::rpc::Message>().which()) {
    case capnp::rpc::Message::CALL:
    case capnp::rpc::Message::BOOTSTRAP:
      was_call_ = true;
      if (++questions_ > limits_.questions_max) {
        kj::throwFatalException(beyond("asks too many questions at once"));
      }
      KJ_IF_MAYBE (bucket, bucket_) owed_ = (*bucket)->take();
      break;
    case capnp::rpc::Message::FINISH:
      if (questions_ > 0) --questions_;
      break;
    default:
      break;
  }
}

void Gate::logged_in() {
  logged_in_ = true;
  wake();
}

void Gate::wake() {
  for (auto& each : std::exchange(waiting_, {})) each->fulfill();
}

kj::Promise<void> Gate::news() {
  auto paf = kj::newPromiseAndFulfiller<void>();
  waiting_.push_back(kj::mv(paf.fulfiller));
  return kj::mv(paf.promise);
}

libos_kj::Task<void> Gate::room() {
  while (is_full()) co_await news();
}

kj::Promise<void> Gate::turn() {
  // The answer before is in the queue once nothing else is left to do.
  auto next = last_turn_.addBranch()
                  .then([] { return kj::evalLast([] {}); })
                  .then([this]() -> kj::Promise<void> { return room(); })
                  .fork();
  auto mine = next.addBranch();
  last_turn_ = kj::mv(next);
  return mine;
}

void Gate::broke(const kj::Exception& exception) { broken_.fulfiller->reject(kj::cp(exception)); }

kj::Promise<void> Gate::watch() {
  kj::Promise<void> clock = watch_clock();
  return kj::mv(broken_.promise).exclusiveJoin(kj::mv(clock));
}

libos_kj::Task<void> Gate::watch_clock() {
  if (!timer_) co_await kj::Promise<void>(kj::NEVER_DONE);
  co_await timer_->afterDelay(limits_.login_max);
  if (!logged_in_) kj::throwFatalException(beyond("does not log in"));
  for (;;) {
    const uint64_t before = messages_;
    co_await timer_->afterDelay(limits_.idle_max);
    if (messages_ == before && questions_ == 0) kj::throwFatalException(beyond("says nothing"));
  }
}

}  // namespace ukstore
