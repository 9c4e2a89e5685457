#include <ukstore/store/tree_edit.h>

#include <ukstore/store/value.h>

#include <algorithm>
#include <cassert>

namespace ukstore {

// The edits of a leaf level, merged with old entries one at a time.
struct LeafSource {
  using Builder = LeafBuilder;
  TreeEditor& editor;
  std::span<const Edit> edits;

  size_t size() const { return edits.size(); }
  BytesView key(size_t i) const { return edits[i].key; }

  void keep(const NodeView& node, uint32_t i, uint32_t& side, LeafBuilder& to) {
    BytesView value = node.value(i);
    uint32_t named = node.object().side_count == 0 ? 0 : side_count(value);
    sides.clear();
    for (uint32_t end = side + named; side < end; ++side)
      sides.push_back(node.object().address(side));
    key_.clear();
    node.append_key(i, key_);
    to.add(key_, {value, sides, logical_bytes(value)});
  }
  Result<void> edit(size_t e, const NodeView* node, uint32_t i, uint32_t& side, LeafBuilder& to) {
    std::optional<Entry> old;
    if (node) {
      BytesView value = node->value(i);
      old = decode_value(value, node->object(), side);
      side += node->object().side_count == 0 ? 0 : side_count(value);
    }
    auto value = editor.resolve(edits[e], old);
    if (!value) return pass_on(value);
    if (value->present) {
      to.add(edits[e].key, {value->bytes, value->side, value->logical_bytes});
    }
    return {};
  }

  std::vector<Address> sides{};
  Bytes key_{};
};

// The same for a level above: entries are nodes of the level below.
struct InnerSource {
  using Builder = InnerBuilder;
  const std::vector<TreeEditor::InnerEdit>& edits;

  size_t size() const { return edits.size(); }
  BytesView key(size_t i) const { return edits[i].key; }

  void keep(const NodeView& node, uint32_t i, uint32_t&, InnerBuilder& to) {
    key_.clear();
    node.append_key(i, key_);
    to.add(key_, node.child(i), {node.child_count(i), node.child_bytes(i)});
  }
  Result<void> edit(size_t e, const NodeView*, uint32_t, uint32_t&, InnerBuilder& to) {
    const auto& child = edits[e].child;
    if (child) to.add(edits[e].key, child->ref, child->totals);
    return {};
  }

  Bytes key_{};
};

// Merges the touched nodes of `level` with the edits of `source`.  An old tree that is not that
// high has no nodes there.
template <class Source>
Result<TreeEditor::LevelChange> TreeEditor::rewrite(const NodeView& root, uint8_t level,
                                                    Source& source) {
  LevelChange change;
  bool has_old = root.level() >= level && root.count() > 0;
  NodeCursor cursor(objects_, root);
  typename Source::Builder builder(level);
  for (size_t e = 0; e < source.size();) {
    if (has_old) {
      if (auto ok = cursor.seek(level, source.key(e)); !ok) return pass_on(ok);
    }
    for (;;) {
      const NodeView none;
      const NodeView& node = has_old ? cursor.node() : none;
      bool last = !has_old || cursor.is_last();
      uint32_t side = 0;
      for (uint32_t i = 0; i < node.count() || (last && e < source.size());) {
        // The next old entry that an edit touches or goes before; all before it stay.
        uint32_t until = e < source.size() ? node.lower_bound(source.key(e)) : node.count();
        for (; i < until; ++i) source.keep(node, i, side, builder);
        if (e == source.size() || (i == node.count() && !last)) break;
        bool replaces = node.has_key_at(i, source.key(e));
        auto ok = source.edit(e++, replaces ? &node : nullptr, i, side, builder);
        if (!ok) return pass_on(ok);
        if (replaces) ++i;
      }
      if (has_old) {
        Hash hash = cursor.ref().hash;
        change.removed.push_back({node.key(node.count() - 1), hash});
      }
      if (last) builder.finish();
      if (builder.at_node_start()) break;
      if (auto ok = cursor.next(); !ok) return pass_on(ok);
    }
    if (!has_old) break;
  }
  change.built = std::move(builder.built());
  return change;
}

Result<TreeEditor::LevelChange> TreeEditor::rewrite_leaves(const NodeView& root,
                                                           std::span<const Edit> edits) {
  LeafSource source{*this, edits};
  return rewrite(root, 0, source);
}

Result<TreeEditor::LevelChange> TreeEditor::rewrite_inner(const NodeView& root, uint8_t level,
                                                          const std::vector<InnerEdit>& edits) {
  InnerSource source{edits};
  return rewrite(root, level, source);
}

ChildNode TreeEditor::stage(ObjectKind kind, BuiltNode node) {
  if (node.known) return {std::move(node.last_key), *node.known, node.totals};
  ObjectRef ref = arena_->add(kind, node.bytes, node.side);
  return {std::move(node.last_key), ref, node.totals};
}

// Old last keys out, new ones in; a node that came out as it was is no edit.
std::vector<TreeEditor::InnerEdit> TreeEditor::edits_above(uint8_t level, LevelChange change) {
  ObjectKind kind = level == 0 ? ObjectKind::leaf : ObjectKind::inner;
  std::vector<InnerEdit> edits;
  edits.reserve(change.removed.size() + change.built.size());
  size_t r = 0;
  for (BuiltNode& node : change.built) {
    for (; r < change.removed.size() && change.removed[r].last_key < node.last_key; ++r) {
      edits.push_back({std::move(change.removed[r].last_key), std::nullopt});
    }
    ChildNode child = stage(kind, std::move(node));
    if (r < change.removed.size() && change.removed[r].last_key == child.last_key) {
      if (change.removed[r++].hash == child.ref.hash) continue;
    }
    Bytes key = child.last_key;
    edits.push_back({std::move(key), std::move(child)});
  }
  for (; r < change.removed.size(); ++r) {
    edits.push_back({std::move(change.removed[r].last_key), std::nullopt});
  }
  return edits;
}

namespace {

Result<void> check_edits(std::span<const Edit> edits) {
  for (size_t i = 0; i < edits.size(); ++i) {
    if (auto ok = check_key(edits[i].key); !ok) return ok;
    if (i > 0 && edits[i - 1].key >= edits[i].key) {
      return fail(Error::Kind::invalid, "edits are not sorted by key, or name a key twice");
    }
  }
  return {};
}

}  // namespace

Result<BuiltTree> TreeEditor::apply(const NodeView& old, std::span<const Edit> edits) {
  struct Level {
    NodeView old;
    std::span<const Edit> edits;
    const Edit* of;  // the edit whose child this is
    size_t next;     // the first whose child may be to be edited
  };
  if (auto ok = check_edits(edits); !ok) return pass_on(ok);
  std::vector<Level> path{{old, edits, nullptr, 0}};
  for (;;) {
    Level& here = path.back();
    while (here.next < here.edits.size() && here.edits[here.next].child != Edit::Part::edit) {
      ++here.next;
    }
    if (here.next < here.edits.size()) {
      const Edit& edit = here.edits[here.next++];
      if (auto ok = check_edits(edit.child_edits); !ok) return pass_on(ok);
      auto entry = find_below(objects_, here.old, edit.key);
      if (!entry) return pass_on(entry);
      auto child = child_before(*entry);
      if (!child) return pass_on(child);
      path.push_back({*child, edit.child_edits, &edit, 0});
      continue;
    }
    auto built = apply_here(here.old, here.edits);
    if (!built || path.size() == 1) return built;
    below_.insert_or_assign(here.of, std::move(*built));
    path.pop_back();
  }
}

Result<NodeView> TreeEditor::child_before(const std::optional<Entry>& old) const {
  if (old && old->has_child()) return child_node(objects_, *old);
  return TreeAccess::root_node(Tree(objects_));  // in static memory
}

Result<BuiltTree> TreeEditor::child_after(const Edit& edit, const std::optional<Entry>& old) {
  if (auto done = below_.extract(&edit)) return std::move(done.mapped());
  auto before = child_before(old);
  if (!before) return pass_on(before);
  return apply(*before, edit.child_edits);
}

Result<BuiltTree> TreeEditor::apply_here(const NodeView& old, std::span<const Edit> edits) {
  BuiltTree unchanged{.changed = false};
  if (edits.empty()) return unchanged;
  // An edit of a child can be resolved only once: `below_` gives up what it holds.
  if (edits.size() == 1 && old.count() == 0 && edits.front().child != Edit::Part::edit) {
    auto small = one_entry(edits.front());
    if (!small || small->is_small()) return small;
  }
  auto change = rewrite_leaves(old, edits);
  if (!change) return pass_on(change);
  for (uint8_t level = 0;; ++level) {
    if (level == old.level()) {
      // This was the root's level: what was cut is all there is of it.
      if (change->built.size() == 1 && change->built.front().bytes == old.object().bytes) {
        return unchanged;
      }
      return raise(level, change->built);
    }
    auto above = edits_above(level, std::move(*change));
    if (above.empty()) return unchanged;
    change = rewrite_inner(old, level + 1, above);
    if (!change) return pass_on(change);
  }
}

// A new tree of one entry, if it may be embedded, without the machinery for levels: what a file's
// value beside its header is.  Else not small.
Result<BuiltTree> TreeEditor::one_entry(const Edit& edit) {
  auto value = resolve(edit, std::nullopt);
  if (!value) return pass_on(value);
  BuiltTree tree;
  if (!value->present) return tree;
  LeafItem item{edit.key, value->bytes};
  Bytes leaf = encode_leaf(std::span(&item, 1));
  if (leaf.size() > kEmbeddedBytesMax) return tree;
  tree.totals = {1, edit.key.size() + value->logical_bytes};
  tree.small = std::move(leaf);
  tree.side = std::move(value->side);
  return tree;
}

Result<BuiltTree> TreeEditor::raise(uint8_t level, std::deque<BuiltNode>& nodes) {
  if (nodes.empty()) return BuiltTree{.small = encode_leaf({})};
  for (;; ++level) {
    if (nodes.size() == 1 && level == 0 && nodes.front().bytes.size() <= kEmbeddedBytesMax) {
      BuiltNode& leaf = nodes.front();
      return BuiltTree{leaf.totals, std::move(leaf.bytes), std::move(leaf.side), {}};
    }
    ObjectKind kind = level == 0 ? ObjectKind::leaf : ObjectKind::inner;
    if (nodes.size() == 1) return collapse(stage(kind, std::move(nodes.front())));
    InnerBuilder builder(level + 1);
    for (BuiltNode& node : nodes) {
      ChildNode child = stage(kind, std::move(node));
      builder.add(child.last_key, child.ref, child.totals);
    }
    builder.finish();
    nodes = std::move(builder.built());
  }
}

// The root is the first level with one node: inner nodes with one entry at the top fall away.
Result<BuiltTree> TreeEditor::collapse(ChildNode root) {
  for (;;) {
    auto view = objects_.load(root.ref);
    if (!view) return pass_on(view);
    NodeView node(*view);
    if (node.is_leaf() && view->bytes.size() <= kEmbeddedBytesMax) {
      BuiltTree tree{.totals = root.totals, .small = Bytes(view->bytes)};
      for (uint32_t i = 0; i < view->side_count; ++i) tree.side.push_back(view->address(i));
      return tree;
    }
    if (node.is_leaf() || node.count() > 1)
      return BuiltTree{.totals = root.totals, .root = root.ref};
    root.ref = node.child(0);
  }
}

ObjectRef TreeEditor::name(const BuiltTree& tree) {
  if (!tree.is_small()) return tree.root;
  return arena_->add(ObjectKind::leaf, tree.small, tree.side);
}

Result<Tree> TreeEditor::load(const BuiltTree& tree) {
  if (tree.totals.count == 0) return Tree(objects_).in(arena_);
  ObjectRef root = name(tree);
  auto view = objects_.load(root);
  if (!view) return pass_on(view);
  return TreeAccess::on_node(objects_, arena_, *view, root);
}

}  // namespace ukstore
