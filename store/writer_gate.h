#pragma once
// One writer at a time among the threads of this process, with a wait that ends.

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ukstore {

class WriterGate {
 public:
  enum class Entry { entered, timed_out };
  // Waits up to `timeout` for the one inside to leave.
  Entry enter(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_for(lock, timeout, [this] { return !taken_; })) return Entry::timed_out;
    taken_ = true;
    return Entry::entered;
  }
  void leave() {
    {
      std::lock_guard lock(mutex_);
      taken_ = false;
    }
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
};

}  // namespace ukstore
