#pragma once
// Sees to it that what waits in memory does not wait for ever.
//
// A store that holds the right to write for what waits would keep writers of other processes out
// for as long as nobody uses it.  So a thread, made when something waits for the first time,
// flushes some time after that.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace ukstore {

class IdleFlush {
 public:
  // `flush` is called from the thread, never after `stop`.
  IdleFlush(std::chrono::milliseconds after, std::function<void()> flush)
      : after_(after), flush_(std::move(flush)) {}
  ~IdleFlush() { stop(); }
  IdleFlush(const IdleFlush&) = delete;
  IdleFlush& operator=(const IdleFlush&) = delete;

  // Something waits: a flush will start within the time given.  Cheap if one is to come already.
  void expect();
  // Waits for a flush under way.
  void stop();

 private:
  void run();

  const std::chrono::milliseconds after_;
  const std::function<void()> flush_;
  std::atomic<bool> expected_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;  // under the mutex
  std::mutex joining_;    // of those who stop
  std::thread thread_;
};

}  // namespace ukstore
