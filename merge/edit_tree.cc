#include <ukstore/merge/edit_tree.h>

namespace ukstore {
namespace {

Result<std::vector<Edit>> edits_of(const EditTree::Node& node, const Tree& empty) {
  std::vector<Edit> edits;
  edits.reserve(node.below.size());
  for (const auto& [key, child] : node.below) {
    Edit edit{
        .key = key, .payload = child.payload, .kind = child.kind, .new_payload = child.new_payload};
    auto below = edits_of(child, empty);
    if (!below) return pass_on(below);
    if (child.clears_child) {
      auto built = empty.apply(*below);
      if (!built) return pass_on(built);
      edit.child = Edit::Part::set;
      edit.new_child = std::make_shared<Tree>(std::move(*built));
    } else if (!below->empty()) {
      edit.child = Edit::Part::edit;
      edit.child_edits = std::move(*below);
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

}  // namespace

EditTree::Node& EditTree::at(BytesView path) {
  Node* node = &root;
  for (BytesView step : split_path(path)) node = &node->below[Bytes(step)];
  return *node;
}

Result<Tree> EditTree::apply_to(const Tree& tree) const {
  auto edits = edits_of(root, Tree(tree.objects()).in(tree.arena()));
  if (!edits) return pass_on(edits);
  return tree.apply(*edits);
}

}  // namespace ukstore
