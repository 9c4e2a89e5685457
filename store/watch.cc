#include <ukstore/store/watch.h>

#include <ukstore/store/diff.h>

#include <algorithm>

namespace ukstore {
namespace {

// The payloads at and below `path` that differ between two trees.
Result<std::vector<Bytes>> changed_paths(const Tree& before, const Tree& after, BytesView path) {
  std::vector<Bytes> paths;
  auto old_entry = before.at(path), new_entry = after.at(path);
  if (!old_entry) return pass_on(old_entry);
  if (!new_entry) return pass_on(new_entry);
  auto payload = [](const Tree& tree, const std::optional<Entry>& entry) {
    return entry && entry->has_payload()
               ? std::optional(std::pair(entry->kind, tree.payload(*entry)))
               : std::nullopt;
  };
  if (payload(before, *old_entry) != payload(after, *new_entry)) paths.emplace_back(path);
  auto old_tree = before.subtree(path), new_tree = after.subtree(path);
  if (!old_tree) return pass_on(old_tree);
  if (!new_tree) return pass_on(new_tree);
  auto ok =
      diff_paths(*old_tree, *new_tree,
                 [&](BytesView below, const std::optional<Entry>&, const std::optional<Entry>&) {
                   if (paths.size() == kWatchPathsMax) return Flow::stop;
                   paths.push_back(Bytes(path) + "/" + Bytes(below));
                   return Flow::go_on;
                 });
  if (!ok) return pass_on(ok);
  return paths;
}

}  // namespace

Result<std::vector<WatchEvent>> events_of(const WatchFilter& filter, uint64_t sequence,
                                          std::span<const RefChange> changes,
                                          const ReadHeadTree& tree_of) {
  std::vector<WatchEvent> events;
  for (const RefChange& change : changes) {
    bool concerns =
        !filter.branch || (change.kind == RefKind::branch && change.name == *filter.branch);
    if (!concerns) continue;
    WatchEvent event{sequence, change, {}};
    if (filter.path) {
      auto before = tree_of(change.before), after = tree_of(change.after);
      if (!before) return pass_on(before);
      if (!after) return pass_on(after);
      if (*before == *after) continue;
      auto paths = changed_paths(*before, *after, *filter.path);
      if (!paths) return pass_on(paths);
      if (paths->empty()) continue;
      event.paths = std::move(*paths);
    }
    events.push_back(std::move(event));
  }
  return events;
}

uint64_t Watchers::add(WatchFilter filter, Store::WatchCallback callback) {
  auto watcher = std::make_shared<Watcher>();
  watcher->filter = std::move(filter);
  watcher->callback = std::move(callback);
  std::lock_guard lock(mutex_);
  watchers_.emplace(++last_id_, std::move(watcher));
  count_ = watchers_.size();
  return last_id_;
}

void Watchers::remove(uint64_t id) {
  std::shared_ptr<Watcher> removed;
  {
    std::lock_guard lock(mutex_);
    auto found = watchers_.find(id);
    if (found == watchers_.end()) return;
    removed = std::move(found->second);
    watchers_.erase(found);
    count_ = watchers_.size();
  }
  std::unique_lock lock(removed->mutex);
  removed->removed = true;
  if (std::ranges::find(removed->callers, std::this_thread::get_id()) != removed->callers.end())
    return;
  removed->returned.wait(lock, [&] { return removed->callers.empty(); });
}

void Watchers::tell(const Receipt& receipt, const ReadHeadTree& tree_of) {
  if (receipt.sequence == 0 || count_ == 0) return;
  std::vector<std::shared_ptr<Watcher>> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, watcher] : watchers_) all.push_back(watcher);
  }
  for (const auto& watcher : all) {
    auto events = events_of(watcher->filter, receipt.sequence, receipt.changes, tree_of);
    // What cannot be told is counted, too; `Store::changes` gives its reason.
    if (!events) ++failures_;
    if (!events) continue;
    for (const WatchEvent& event : *events) call(*watcher, event);
  }
}

void Watchers::call(Watcher& watcher, const WatchEvent& event) {
  {
    std::lock_guard lock(watcher.mutex);
    if (watcher.removed) return;
    watcher.callers.push_back(std::this_thread::get_id());
  }
  try {
    watcher.callback(event);
  } catch (...) {
    ++failures_;
  }
  std::lock_guard lock(watcher.mutex);
  watcher.callers.erase(std::ranges::find(watcher.callers, std::this_thread::get_id()));
  watcher.returned.notify_all();
}

void Growth::Interest::wait(uint64_t after, std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(growth_.mutex_);
  growth_.changed_.wait_until(lock, until, [&] { return growth_.newest_ > after; });
}

void Growth::grew(uint64_t sequence) {
  if (interested_ == 0) return;
  {
    std::lock_guard lock(mutex_);
    newest_ = std::max(newest_, sequence);
  }
  changed_.notify_all();
}

}  // namespace ukstore
