#pragma once
// Who wants to know of changes, and which changes concern whom.

#include <ukstore/store/store.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>
#include <thread>

namespace ukstore {

// How the events of path watches find the trees.
using ReadHeadTree = std::function<Result<Tree>(const std::optional<Head>&)>;

// The events of one journal entry that pass the filter, in the order of its changes.
Result<std::vector<WatchEvent>> events_of(const WatchFilter& filter, uint64_t sequence,
                                          std::span<const RefChange> changes,
                                          const ReadHeadTree& tree_of);

// The callbacks of one store.  Safe from several threads.
class Watchers {
 public:
  uint64_t add(WatchFilter filter, Store::WatchCallback callback);
  // Waits for calls that other threads are in, unless it is called from within one itself.
  void remove(uint64_t id);
  // Calls whoever is concerned.
  void tell(const Receipt& receipt, const ReadHeadTree& tree_of);
  uint64_t failures() const { return failures_.load(); }

 private:
  struct Watcher {
    WatchFilter filter;
    Store::WatchCallback callback;
    std::mutex mutex{};
    std::condition_variable returned{};
    std::vector<std::thread::id> callers{};  // guarded, as is `removed`
    bool removed = false;
  };
  void call(Watcher& watcher, const WatchEvent& event);

  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Watcher>> watchers_;
  uint64_t last_id_ = 0;
  std::atomic<size_t> count_ = 0;
  std::atomic<uint64_t> failures_ = 0;
};

// Tells threads that wait for the journal to grow.
class Growth {
 public:
  // One thread's interest.  It looks at the journal after it has made this: what grew earlier it
  // sees there, what grows later wakes it.
  class Interest {
   public:
    explicit Interest(Growth& growth) : growth_(growth) { ++growth_.interested_; }
    ~Interest() { --growth_.interested_; }
    // Waits until the journal has grown past `after` or the time is up.
    void wait(uint64_t after, std::chrono::steady_clock::time_point until);

   private:
    Growth& growth_;
  };
  void grew(uint64_t sequence);

 private:
  std::atomic<uint64_t> interested_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t newest_ = 0;
};

}  // namespace ukstore
