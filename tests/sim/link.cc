#include "link.h"

#include <kj/debug.h>

namespace ukstore::tests {
namespace {

// What both ends share.
struct Shared final : Wire {
  bool is_cut = false;
  kj::Canceler cancelers[2];

  void cut() override {
    is_cut = true;
    for (auto& canceler : cancelers) {
      canceler.cancel(KJ_EXCEPTION(DISCONNECTED, "the link is cut"));
    }
  }
};

class End final : public kj::AsyncIoStream {
 public:
  End(kj::Own<kj::AsyncIoStream> inner, std::shared_ptr<Shared> shared, int side, kj::Timer& timer,
      std::mt19937_64& random, Delay delay, uint64_t& bytes)
      : inner_(kj::mv(inner)),
        shared_(std::move(shared)),
        side_(side),
        timer_(timer),
        random_(random),
        delay_(delay),
        bytes_(bytes) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return alive(inner_->tryRead(buffer, least, most));
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    bytes_ += size;
    return alive(delay().then([this, buffer, size] { return inner_->write(buffer, size); }));
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    for (auto& piece : pieces) bytes_ += piece.size();
    return alive(delay().then([this, pieces] { return inner_->write(pieces); }));
  }
  kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

 private:
  template <class T>
  kj::Promise<T> alive(kj::Promise<T> promise) {
    if (shared_->is_cut) return KJ_EXCEPTION(DISCONNECTED, "the link is cut");
    return shared_->cancelers[side_].wrap(kj::mv(promise));
  }
  kj::Promise<void> delay() {
    const int64_t spread = (delay_.max - delay_.min) / kj::MICROSECONDS;
    const auto more = static_cast<int64_t>(random_() % static_cast<uint64_t>(spread + 1));
    return timer_.afterDelay(delay_.min + more * kj::MICROSECONDS);
  }

  kj::Own<kj::AsyncIoStream> inner_;
  const std::shared_ptr<Shared> shared_;
  const int side_;
  kj::Timer& timer_;
  std::mt19937_64& random_;
  const Delay delay_;
  uint64_t& bytes_;
};

}  // namespace

Joined join(kj::Timer& timer, std::mt19937_64& random, Delay delay, uint64_t& bytes) {
  auto pipe = kj::newTwoWayPipe();
  auto shared = std::make_shared<Shared>();
  return {kj::heap<End>(kj::mv(pipe.ends[0]), shared, 0, timer, random, delay, bytes),
          kj::heap<End>(kj::mv(pipe.ends[1]), shared, 1, timer, random, delay, bytes), shared};
}

}  // namespace ukstore::tests
