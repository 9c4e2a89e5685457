#include <ukstore/store/links.h>

#include <ukstore/store/boundary.h>
#include <ukstore/store/commit.h>
#include <ukstore/store/node.h>
#include <ukstore/store/rope.h>
#include <ukstore/store/value.h>

#include <algorithm>

namespace ukstore {
namespace {

using Role = Link::Role;
using Visit = std::function<void(const Link&)>;

void visit_leaf(const NodeView& leaf, const Visit& visit) {
  for (uint32_t i = 0; i < leaf.count(); ++i) {
    Entry entry = entry_at(leaf, i);
    if (entry.payload_form == PayloadForm::blob || entry.payload_form == PayloadForm::rope) {
      visit({.role = entry.payload_form == PayloadForm::blob ? Role::blob : Role::rope,
             .ref = entry.object,
             .bytes = entry.payload_size});
    }
    if (entry.child_form == ChildForm::embedded) visit_leaf(NodeView(entry.embedded), visit);
    if (entry.child_form == ChildForm::stored) {
      visit({.role = Role::child_tree,
             .ref = entry.child,
             .count = entry.child_count,
             .bytes = entry.child_bytes});
    }
  }
}

void visit_inner(const NodeView& node, const Visit& visit) {
  for (uint32_t i = 0; i < node.count(); ++i) {
    visit({.role = Role::node,
           .ref = node.child(i),
           .level = static_cast<uint8_t>(node.level() - 1),
           .is_last = i + 1 == node.count(),
           .key = node.key(i),
           .count = node.child_count(i),
           .bytes = node.child_bytes(i)});
  }
}

void visit_rope(const RopeView& rope, const Visit& visit) {
  for (uint32_t i = 0; i < rope.count(); ++i) {
    RopeItem item = rope.item(i);
    visit({.role = rope.level() == 0 ? Role::chunk : Role::rope_node,
           .ref = item.ref,
           .level = static_cast<uint8_t>(rope.level() - 1),
           .is_last = i + 1 == rope.count(),
           .bytes = item.size});
  }
}

bool is_node(const ObjectView& view) {
  return view.kind == ObjectKind::leaf || view.kind == ObjectKind::inner;
}

uint64_t rope_bytes(const RopeView& rope) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < rope.count(); ++i) bytes += rope.item(i).size;
  return bytes;
}

// Whether the rule ends a node behind its last entry.
bool ends_by_rule(const NodeView& node) {
  uint64_t s0 = 0, s1 = 0;
  for (uint32_t i = 0; i < node.count(); ++i) {
    s0 = s1;
    s1 += node.is_leaf() ? leaf_counted_bytes(node.key_bytes(i), node.value(i).size())
                         : inner_counted_bytes(node.key_bytes(i));
  }
  if (node.count() == 0 || (!node.is_leaf() && node.count() == 1)) return false;
  return is_boundary(boundary_hash(node.level(), node.key(node.count() - 1)), s0, s1);
}

// The last node of each level below `node` ends where it does, so each must end by the rule.
Result<bool> all_end_by_rule(NodeView node, const FindObject& find) {
  for (;;) {
    if (!ends_by_rule(node)) return false;
    if (node.is_leaf()) return true;
    auto child = find(node.child(node.count() - 1));
    if (!child) return pass_on(child);
    if (!is_node(*child) || NodeView(*child).level() >= node.level()) return false;
    node = NodeView(*child);
  }
}

// What is wrong with the target of a link; null if nothing is.
using Verdict = Result<const char*>;

Verdict check_root(const Link& link, const ObjectView& target) {
  if (!is_node(target)) return "is no tree node";
  NodeView node(target);
  if (!node.is_leaf() && node.count() < 2) return "is a root with one child";
  if (link.role == Role::root) return nullptr;
  if (node.is_leaf() && target.bytes.size() <= kEmbeddedBytesMax)
    return "is small enough to be embedded";
  NodeTotals sum = totals(node);
  if (sum.count != link.count || sum.bytes != link.bytes)
    return "has other counts than its entry says";
  return nullptr;
}

Verdict check_node(const Link& link, const ObjectView& target, const FindObject& find) {
  if (!is_node(target)) return "is no tree node";
  NodeView node(target);
  if (node.level() != link.level || node.count() == 0) return "is of another level";
  if (node.key(node.count() - 1) != link.key) return "has another last key";
  NodeTotals sum = totals(node);
  if (sum.count != link.count || sum.bytes != link.bytes)
    return "has other counts than its parent says";
  if (link.is_last) return nullptr;
  auto ends = all_end_by_rule(node, find);
  if (!ends) return pass_on(ends);
  return *ends ? nullptr : "ends where the rule does not end it";
}

Verdict check_payload(const Link& link, const ObjectView& target) {
  switch (link.role) {
    case Role::blob:
      if (target.kind != ObjectKind::blob || target.bytes.size() != link.bytes)
        return "is no blob of that size";
      return link.bytes > kInlineBytesMax ? nullptr : "is small enough to be inline";
    case Role::chunk: {
      if (target.kind != ObjectKind::blob || target.bytes.size() != link.bytes)
        return "is no chunk of that size";
      if (link.is_last) return nullptr;
      // Another byte behind it must not have become part of it.
      return chunk_length(Bytes(target.bytes) + '\0') == target.bytes.size()
                 ? nullptr
                 : "is not cut by the rule";
    }
    default:
      break;
  }
  if (target.kind != ObjectKind::rope) return "is no rope";
  RopeView rope(target);
  if (rope_bytes(rope) != link.bytes) return "is a rope of another size";
  if (link.role == Role::rope) {
    if (rope.count() < 2) return "is a rope of one part";
    return link.bytes > kBlobBytesMax ? nullptr : "is small enough to be a blob";
  }
  if (rope.level() != link.level) return "is a rope of another level";
  if (link.is_last || is_rope_boundary(rope.item(rope.count() - 1).ref.hash, rope.count() - 1))
    return nullptr;
  return "ends where the rule does not end it";
}

Verdict check_link(const Link& link, const ObjectView& target, const FindObject& find) {
  switch (link.role) {
    case Role::root:
    case Role::child_tree:
      return check_root(link, target);
    case Role::node:
      return check_node(link, target, find);
    case Role::commit:
      return target.kind == ObjectKind::commit ? nullptr : "is no commit";
    case Role::target:
      return target.kind == link.kind ? nullptr : "is of another kind than the tag says";
    default:
      return check_payload(link, target);
  }
}

}  // namespace

void visit_links(const ObjectView& object, const Visit& visit) {
  switch (object.kind) {
    case ObjectKind::leaf:
      return visit_leaf(NodeView(object), visit);
    case ObjectKind::inner:
      return visit_inner(NodeView(object), visit);
    case ObjectKind::rope:
      return visit_rope(RopeView(object), visit);
    case ObjectKind::commit: {
      CommitLinks links(object);
      visit({.role = Role::root, .ref = links.tree()});
      for (size_t i = 0; i < links.parent_count(); ++i) {
        visit({.role = Role::commit, .ref = links.parent(i)});
      }
      return;
    }
    case ObjectKind::tag:
      if (auto tag = decode_tag(object)) {
        visit({.role = Role::target, .ref = tag->target, .kind = tag->target_kind});
      }
      return;
    case ObjectKind::blob:
      return;
  }
}

Result<void> check_links(const ObjectView& object, const FindObject& find) {
  Result<void> good;
  uint64_t highest = 0;
  visit_links(object, [&](const Link& link) {
    if (!good) return;
    auto target = find(link.ref);
    if (!target) {
      good = pass_on(target);
      return;
    }
    auto wrong = check_link(link, *target, find);
    if (!wrong) good = pass_on(wrong);
    if (wrong && *wrong) {
      good = fail(Error::Kind::corrupt,
                  "object " + to_hex(link.ref.hash) + ", which it names, " + *wrong);
    }
    if (link.role == Role::commit && target->kind == ObjectKind::commit) {
      highest = std::max(highest, CommitLinks(*target).generation());
    }
  });
  if (good && object.kind == ObjectKind::commit &&
      CommitLinks(object).generation() != highest + 1) {
    return fail(Error::Kind::corrupt, "its generation is not one above its parents'");
  }
  return good;
}

}  // namespace ukstore
