#include <ukstore/store/tree_cursor.h>

#include <algorithm>

namespace ukstore {
namespace {

// Visits backward from below `node`, which holds keys in [from, to).
Result<Flow> scan_backward(const ObjectStore& objects, const NodeView& node, BytesView from,
                           BytesView to, const ItemVisitor& visit) {
  uint32_t end = to.empty() ? node.count() : node.lower_bound(to);
  // The subtree that `to` falls into may hold keys below it.
  if (!node.is_leaf() && end < node.count()) ++end;
  uint32_t begin = node.lower_bound(from);
  for (uint32_t i = end; i > begin; --i) {
    if (node.is_leaf()) {
      if (visit(node.key(i - 1), entry_at(node, i - 1)) == Flow::stop) return Flow::stop;
      continue;
    }
    auto child = load_child(objects, node, i - 1);
    if (!child) return pass_on(child);
    auto flow = scan_backward(objects, *child, from, to, visit);
    if (!flow || *flow == Flow::stop) return flow;
  }
  return Flow::go_on;
}

}  // namespace

Result<void> TreeCursor::enter() {
  auto child = load_child(*objects_, node(), index());
  if (!child) return pass_on(child);
  frames_.push_back({*child, 0, 0});
  return {};
}

Result<void> TreeCursor::enter_to_entry() {
  while (!at_end() && level() > 0) {
    if (auto ok = enter(); !ok) return ok;
  }
  return {};
}

void TreeCursor::skip_subtrees(uint32_t count) {
  frames_.back().index += count;
  while (!frames_.empty() && frames_.back().index == frames_.back().node.count()) {
    frames_.pop_back();
    if (!frames_.empty()) ++frames_.back().index;
  }
}

Result<void> TreeCursor::seek(BytesView key) {
  if (at_end()) return {};
  frames_.resize(1);
  for (;;) {
    Frame& frame = frames_.back();
    frame.index = frame.node.lower_bound(key);
    frame.side = 0;
    if (frame.index == frame.node.count()) {  // only at the root: all keys are below
      frames_.clear();
      return {};
    }
    if (frame.node.is_leaf()) {
      for (uint32_t i = 0; i < frame.index; ++i) frame.side += side_count(frame.node.value(i));
      return {};
    }
    if (auto ok = enter(); !ok) return ok;
  }
}

Result<void> Tree::scan(BytesView from, BytesView to, Direction direction,
                        const ItemVisitor& visit) const {
  NodeView root(node_);
  if (root.count() == 0) return {};
  if (direction == Direction::backward) {
    auto flow = scan_backward(*objects_, root, from, to, visit);
    return flow ? Result<void>() : pass_on(flow);
  }
  TreeCursor cursor(*objects_, root);
  if (auto ok = from.empty() ? cursor.enter_to_entry() : cursor.seek(from); !ok) return ok;
  Bytes key;
  while (!cursor.at_end()) {
    key.clear();
    cursor.node().append_key(cursor.index(), key);
    if (!to.empty() && key >= to) return {};
    if (visit(key, cursor.entry()) == Flow::stop) return {};
    cursor.skip();
    if (auto ok = cursor.enter_to_entry(); !ok) return ok;
  }
  return {};
}

Result<std::vector<Item>> Tree::list(uint64_t offset, uint64_t limit) const {
  std::vector<Item> page;
  auto first = select(offset);
  if (!first) return pass_on(first);
  if (!*first || limit == 0) return page;
  auto ok = scan((*first)->key, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    page.push_back({Bytes(key), entry});
    return page.size() < limit ? Flow::go_on : Flow::stop;
  });
  if (!ok) return pass_on(ok);
  return page;
}

}  // namespace ukstore
