#include <ukstore/store/tree_assembler.h>

namespace ukstore {

TreeAssembler::Level& TreeAssembler::level(uint8_t number) {
  while (levels_.size() <= number) levels_.emplace_back(static_cast<uint8_t>(levels_.size()));
  return levels_[number];
}

void TreeAssembler::add(BytesView key, const LeafEntry& entry) {
  level(0).builder.add_leaf(key, entry);
  pump(0);
}

bool TreeAssembler::takes(uint8_t number) const {
  for (size_t l = 0; l <= number && l < levels_.size(); ++l) {
    if (!levels_[l].builder.at_node_start()) return false;
  }
  return true;
}

void TreeAssembler::add_node(uint8_t number, BytesView last_key, const ObjectRef& node,
                             NodeTotals totals) {
  // More comes, so what was kept back is not the only one of its level.
  for (uint8_t below = 0; below <= number; ++below) {
    while (!level(below).builder.built().empty()) pass_up(below);
  }
  level(number + 1).builder.add_inner(last_key, node, totals);
  pump(number + 1);
}

void TreeAssembler::pump(uint8_t number) {
  Level& at = levels_[number];
  if (!at.builder.at_node_start()) return;  // the entry ended no node
  recognise(at);
  if (at.builder.built().size() < 2) return;
  while (at.builder.built().size() > 1) pass_up(number);
}

void TreeAssembler::pass_up(uint8_t number) {
  auto& built = levels_[number].builder.built();
  ObjectKind kind = number == 0 ? ObjectKind::leaf : ObjectKind::inner;
  ChildNode child = editor_.stage(kind, std::move(built.front()));
  built.pop_front();
  level(number + 1).builder.add_inner(child.last_key, child.ref, child.totals);
  pump(number + 1);
}

void TreeAssembler::offer(size_t source, const NodeView& node, const ObjectRef& ref) {
  level(node.level()).offers[source] = {node.object().bytes, ref};
}

void TreeAssembler::recognise(Level& at) {
  if (at.builder.built().empty()) return;
  BuiltNode& newest = at.builder.built().back();
  for (const Offer& offer : at.offers) {
    if (offer.bytes == newest.bytes) newest.known = offer.ref;
  }
}

Result<BuiltTree> TreeAssembler::finish() {
  // Offers may have made levels that nothing came to.
  while (!levels_.empty() && levels_.back().builder.is_empty()) levels_.pop_back();
  for (uint8_t number = 0;; ++number) {
    level(number).builder.finish();
    recognise(levels_[number]);
    auto& built = levels_[number].builder.built();
    if (levels_.size() == size_t{number} + 1) return editor_.raise(number, built);
    while (!built.empty()) pass_up(number);
  }
}

}  // namespace ukstore
