#include <ukstore/store/idle_flush.h>

namespace ukstore {

void IdleFlush::expect() {
  if (expected_.load(std::memory_order_relaxed)) return;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    try {
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    } catch (const std::exception&) {
      return;  // no memory or no thread now: the next who waits tries again
    }
    expected_ = true;
  }
  changed_.notify_one();
}

void IdleFlush::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  std::lock_guard lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void IdleFlush::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    changed_.wait(lock, [this] { return stopped_ || expected_; });
    const auto when = std::chrono::steady_clock::now() + after_;
    changed_.wait_until(lock, when, [this] { return stopped_; });
    if (stopped_) return;
    // What comes to wait from here on asks for the next flush.
    expected_ = false;
    lock.unlock();
    flush_();
    lock.lock();
  }
}

}  // namespace ukstore
