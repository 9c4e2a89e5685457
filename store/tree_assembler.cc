#include <ukstore/store/tree_assembler.h>

namespace ukstore {

InnerBuilder& TreeAssembler::inner(uint8_t number) {
  while (inner_.size() < number) inner_.emplace_back(static_cast<uint8_t>(inner_.size() + 1));
  return inner_[number - 1];
}

NodeCutter& TreeAssembler::level(uint8_t number) {
  return number == 0 ? static_cast<NodeCutter&>(leaves_) : inner(number);
}

void TreeAssembler::add(BytesView key, const LeafEntry& entry) {
  leaves_.add(key, entry);
  if (leaves_.at_node_start()) pump(0);
}

bool TreeAssembler::takes(uint8_t number) {
  for (uint8_t l = 0; l <= number && l <= inner_.size(); ++l) {
    if (!level(l).at_node_start()) return false;
    // What was kept back is not the only one of its level, and opens the level above.
    if (l < number) pass_all_up(l);
  }
  return true;
}

void TreeAssembler::add_inner(uint8_t number, BytesView key, const ObjectRef& node,
                              NodeTotals totals) {
  InnerBuilder& to = inner(number);
  if (to.at_node_start() && number < offers_.size()) {
    for (const Offer& offer : offers_[number]) {
      if (!offer.node.has_key_at(0, key)) continue;
      to.follow(offer.node);
      break;
    }
  }
  to.add(key, node, totals);
  if (to.at_node_start()) pump(number);
}

void TreeAssembler::add_node(uint8_t number, BytesView last_key, const ObjectRef& node,
                             NodeTotals totals) {
  pass_all_up(number);  // as above
  add_inner(number + 1, last_key, node, totals);
}

void TreeAssembler::add_child(const NodeView& parent, uint32_t index, const ObjectRef& node,
                              NodeTotals totals) {
  pass_all_up(parent.level() - 1);
  InnerBuilder& to = inner(parent.level());
  if (!to.stands_at(parent, index)) {
    return add_inner(parent.level(), parent.key(index), node, totals);
  }
  to.add_as_model(node, totals);
  if (to.at_node_start()) pump(parent.level());
}

void TreeAssembler::pump(uint8_t number) {
  recognise(number);
  while (level(number).built().size() > 1) pass_up(number);
}

void TreeAssembler::pass_up(uint8_t number) {
  auto& built = level(number).built();
  ObjectKind kind = number == 0 ? ObjectKind::leaf : ObjectKind::inner;
  ChildNode child = editor_.stage(kind, std::move(built.front()));
  built.pop_front();
  add_inner(number + 1, child.last_key, child.ref, child.totals);
}

void TreeAssembler::pass_all_up(uint8_t number) {
  while (!level(number).built().empty()) pass_up(number);
}

void TreeAssembler::offer(size_t source, const NodeView& node, const ObjectRef& ref) {
  while (offers_.size() <= node.level()) offers_.emplace_back();
  offers_[node.level()][source] = {node, ref};
}

// The newest node of a level is perhaps one that was offered.
void TreeAssembler::recognise(uint8_t number) {
  if (number >= offers_.size() || level(number).built().empty()) return;
  BuiltNode& newest = level(number).built().back();
  for (const Offer& offer : offers_[number]) {
    if (offer.node.object().bytes == newest.bytes) newest.known = offer.ref;
  }
}

Result<BuiltTree> TreeAssembler::finish() {
  leaves_.finish();
  for (uint8_t number = 0;; ++number) {
    recognise(number);
    if (inner_.size() == number) return editor_.raise(number, level(number).built());
    pass_all_up(number);
    inner(number + 1).finish();
  }
}

}  // namespace ukstore
