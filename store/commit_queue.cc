#include <ukstore/store/commit_queue.h>

namespace ukstore {

void CommitQueue::submit(Waiting& waiting) {
  std::shared_ptr<Group> group;
  bool first = true;
  {
    std::lock_guard lock(mutex_);
    if (!next_) next_ = std::make_shared<Group>();
    group = next_;
    first = group->members.empty();
    group->members.push_back(&waiting);
    if (!busy_) group->may_lead = true;
    busy_ = true;
  }
  {
    std::unique_lock lock(group->mutex);
    if (!first) {
      group->done.wait(lock, [&] { return group->is_done; });
      return;
    }
    group->leads.wait(lock, [&] { return group->may_lead; });
  }
  {
    // Only now the group is closed: who came while its leader woke up is in it.
    std::lock_guard lock(mutex_);
    next_ = nullptr;
  }
  lead(*group);
}

void CommitQueue::lead(Group& group) {
  leader_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  run_(group.members);
  leader_.store({}, std::memory_order_relaxed);
  if (group.members.size() > 1) {
    {
      std::lock_guard lock(group.mutex);
      group.is_done = true;
    }
    group.done.notify_all();
  }
  std::shared_ptr<Group> next;
  {
    std::lock_guard lock(mutex_);
    next = next_;
    busy_ = next != nullptr;
  }
  if (!next) return;
  {
    std::lock_guard lock(next->mutex);
    next->may_lead = true;
  }
  next->leads.notify_one();
}

}  // namespace ukstore
