#include <ukstore/store/walk.h>

#include <ukstore/store/refs.h>

#include <algorithm>

namespace ukstore {

uint32_t* CommitWalk::slot(const Hash& hash) {
  const size_t mask = table_.size() - 1;
  for (size_t i = hash.prefix() & mask;; i = (i + 1) & mask) {
    if (table_[i] == 0 || nodes_[table_[i] - 1].ref.hash == hash) return &table_[i];
  }
}

void CommitWalk::grow() {
  table_.assign(std::max<size_t>(64, 2 * table_.size()), 0);
  for (uint32_t i = 0; i < nodes_.size(); ++i) *slot(nodes_[i].ref.hash) = i + 1;
}

bool CommitWalk::is_later(const Queued& a, const Queued& b) const {
  if (a.generation != b.generation) return a.generation < b.generation;
  return nodes_[a.number].ref.hash > nodes_[b.number].ref.hash;
}

Result<uint32_t> CommitWalk::start(const ObjectRef& foreign, uint32_t paint) {
  auto known = source_.resolve(foreign);
  if (!known) return pass_on(known);
  return meet(*known, paint);
}

Result<uint32_t> CommitWalk::meet(const ObjectRef& ref, uint32_t paint) {
  if (2 * (nodes_.size() + 1) > table_.size()) grow();
  uint32_t* at = slot(ref.hash);
  if (*at != 0) {
    Node& node = nodes_[*at - 1];
    bool was_without = (node.paint & counted_paint_) != counted_paint_;
    node.paint |= paint;
    bool is_without = (node.paint & counted_paint_) != counted_paint_;
    if (node.queued && was_without && !is_without) --queued_without_;
    return *at - 1;
  }
  if (budget_.visits >= budget_.visits_max) {
    return fail(Error::Kind::limit, "a walk over the history stopped after " +
                                        std::to_string(budget_.visits) + " commits, its limit");
  }
  ++budget_.visits;
  auto links = source_.links(ref);
  if (!links) return pass_on(links, "the history");
  auto number = static_cast<uint32_t>(nodes_.size());
  *at = number + 1;
  nodes_.push_back({ref, *links, links->generation(), paint, true});
  if ((paint & counted_paint_) != counted_paint_) ++queued_without_;
  queue_.push_back({links->generation(), number});
  std::ranges::push_heap(queue_, [this](auto& a, auto& b) { return is_later(a, b); });
  return number;
}

std::optional<uint32_t> CommitWalk::pop() {
  if (queue_.empty()) return std::nullopt;
  std::ranges::pop_heap(queue_, [this](auto& a, auto& b) { return is_later(a, b); });
  uint32_t number = queue_.back().number;
  queue_.pop_back();
  Node& node = nodes_[number];
  node.queued = false;
  if ((node.paint & counted_paint_) != counted_paint_) --queued_without_;
  return number;
}

WalkedCommit CommitWalk::walked(uint32_t number) const {
  return {unstaged(nodes_[number].ref), nodes_[number].generation};
}

}  // namespace ukstore
