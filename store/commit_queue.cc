#include <ukstore/store/commit_queue.h>

namespace ukstore {

void CommitQueue::submit(Waiting& waiting) {
  std::unique_lock lock(mutex_);
  queue_.push_back(&waiting);
  if (busy_) {
    waiting.woken.wait(lock, [&] { return waiting.turn != Waiting::Turn::waits; });
    if (waiting.turn == Waiting::Turn::done) return;
  }
  busy_ = true;
  group_.swap(queue_);
  lock.unlock();
  leader_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  run_(group_);
  leader_.store({}, std::memory_order_relaxed);
  lock.lock();
  for (Waiting* each : group_) {
    each->turn = Waiting::Turn::done;
    if (each != &waiting) each->woken.notify_one();
  }
  group_.clear();
  busy_ = !queue_.empty();
  if (busy_) {
    queue_.front()->turn = Waiting::Turn::leads;
    queue_.front()->woken.notify_one();
  }
}

}  // namespace ukstore
