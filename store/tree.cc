#include <ukstore/store/tree.h>

#include <ukstore/store/tree_access.h>
#include <ukstore/store/tree_edit.h>
#include <ukstore/store/value.h>

#include <algorithm>
#include <cassert>

namespace ukstore {
namespace {

constexpr char kEmptyLeaf[NodeView::kHeaderBytes] = {};
constexpr ObjectView kEmptyNode{.kind = ObjectKind::leaf,
                                .bytes = BytesView(kEmptyLeaf, sizeof kEmptyLeaf)};

}  // namespace

Result<std::optional<Entry>> find_below(const ObjectStore& objects, NodeView node, BytesView key) {
  while (!node.is_leaf()) {
    uint32_t i = node.lower_bound(key);
    if (i == node.count()) return std::nullopt;
    auto child = load_child(objects, node, i);
    if (!child) return pass_on(child);
    node = *child;
  }
  uint32_t i = node.lower_bound(key);
  if (!node.has_key_at(i, key)) return std::nullopt;
  return entry_at(node, i);
}

Result<NodeView> child_node(const ObjectStore& objects, const Entry& entry) {
  if (entry.child_form == ChildForm::embedded) return NodeView(entry.embedded);
  auto view = objects.load(entry.child);
  if (!view) return pass_on(view);
  if (view->kind != ObjectKind::leaf && view->kind != ObjectKind::inner) {
    return fail(Error::Kind::corrupt, "object " + to_hex(entry.child.hash) + " is no tree node");
  }
  return NodeView(*view);
}

Result<NodeView> load_child(const ObjectStore& objects, const NodeView& parent, uint32_t i) {
  auto view = objects.load(parent.child(i));
  if (!view) return pass_on(view);
  ObjectKind wanted = parent.level() == 1 ? ObjectKind::leaf : ObjectKind::inner;
  if (view->kind == wanted) {
    NodeView node(*view);
    if (node.level() + 1 == parent.level() && node.count() > 0) return node;
  }
  return fail(Error::Kind::corrupt, "object " + to_hex(parent.hash(i)) +
                                        " is no tree node of level " +
                                        std::to_string(parent.level() - 1));
}

Result<void> NodeCursor::seek(uint8_t level, BytesView key) {
  assert(level <= root_.level());
  node_ = root_;
  frames_.clear();
  while (node_.level() > level) {
    frames_.push_back({node_, std::min(node_.lower_bound(key), node_.count() - 1)});
    if (auto ok = descend(); !ok) return ok;
  }
  return {};
}

Result<void> NodeCursor::descend() {
  auto child = load_child(*objects_, top().node, top().index);
  if (!child) return pass_on(child);
  node_ = *child;
  return {};
}

bool NodeCursor::is_last() const {
  return std::ranges::all_of(
      frames_, [](const Frame& frame) { return frame.index + 1 == frame.node.count(); });
}

Result<void> NodeCursor::next() {
  assert(!is_last());
  size_t depth = frames_.size();
  while (top().index + 1 == top().node.count()) frames_.pop_back();
  ++top().index;
  if (auto ok = descend(); !ok) return ok;
  while (frames_.size() < depth) {
    frames_.push_back({node_, 0});
    if (auto ok = descend(); !ok) return ok;
  }
  return {};
}

Tree::Tree(const ObjectStore& objects) : objects_(&objects), node_(kEmptyNode) {
  static const Hash kEmptyHash = hash_object(ObjectKind::leaf, kEmptyNode.bytes);
  ref_.hash = kEmptyHash;
}

Result<Tree> Tree::load(const ObjectStore& objects, const ObjectRef& root) {
  Tree empty(objects);
  if (root.hash == empty.ref_.hash) return empty;
  auto view = objects.load(root);
  if (!view) return pass_on(view);
  if (view->kind != ObjectKind::leaf && view->kind != ObjectKind::inner) {
    return fail(Error::Kind::corrupt, "object " + to_hex(root.hash) + " is no tree node");
  }
  ObjectRef ref = root;
  if (!ref.address) {
    auto address = objects.find(root.hash);
    if (!address) return pass_on(address);
    ref.address = address->value_or(Address());
  }
  return TreeAccess::on_node(objects, nullptr, *view, ref);
}

Hash Tree::hash() const {
  return TreeAccess::is_embedded(*this) ? hash_object(node_.kind, node_.bytes) : ref_.hash;
}

std::shared_ptr<Arena> Tree::arena() const {
  if (!arena_) arena_ = std::make_shared<Arena>();
  return arena_;
}

Tree Tree::in(std::shared_ptr<Arena> arena) const {
  Tree tree = *this;
  tree.arena_ = arena ? Arena::keeping(std::move(arena), arena_) : nullptr;
  return tree;
}

ObjectRef Tree::root() const {
  // An embedded node, and the empty tree, become objects only when something has to name them.
  if (ref_.address) return ref_;
  std::vector<Address> side;
  for (uint32_t i = 0; i < node_.side_count; ++i) side.push_back(node_.address(i));
  return arena()->add(node_.kind, node_.bytes, side);
}

Result<std::optional<Entry>> Tree::find(BytesView key) const {
  return find_below(*objects_, NodeView(node_), key);
}

Result<uint64_t> Tree::rank(BytesView key) const {
  NodeView node(node_);
  uint64_t below = 0;
  while (!node.is_leaf()) {
    uint32_t i = node.lower_bound(key);
    for (uint32_t j = 0; j < i; ++j) below += node.child_count(j);
    if (i == node.count()) return below;
    auto child = load_child(*objects_, node, i);
    if (!child) return pass_on(child);
    node = *child;
  }
  return below + node.lower_bound(key);
}

Result<std::optional<Item>> Tree::select(uint64_t index) const {
  if (index >= count_) return std::nullopt;
  NodeView node(node_);
  while (!node.is_leaf()) {
    uint32_t i = 0;
    while (i < node.count() && index >= node.child_count(i)) index -= node.child_count(i++);
    if (i == node.count()) return fail(Error::Kind::corrupt, "tree node counts too few entries");
    auto child = load_child(*objects_, node, i);
    if (!child) return pass_on(child);
    node = *child;
  }
  if (index >= node.count()) return fail(Error::Kind::corrupt, "tree node counts too many entries");
  uint32_t i = static_cast<uint32_t>(index);
  return Item{node.key(i), entry_at(node, i)};
}

Result<Tree> Tree::child(const Entry& entry) const {
  if (entry.child_form == ChildForm::none) return Tree(*objects_).in(arena_);
  if (entry.child_form == ChildForm::embedded) {
    return TreeAccess::on_node(*objects_, arena_, entry.embedded, ObjectRef{});
  }
  auto node = child_node(*objects_, entry);
  if (!node) return pass_on(node);
  return TreeAccess::on_node(*objects_, arena_, node->object(), entry.child);
}

Payload Tree::payload(const Entry& entry) const {
  return {.form = entry.payload_form,
          .inlined = Bytes(entry.inlined),
          .object = entry.object,
          .size = entry.payload_size,
          .arena = arena_};
}

Result<Bytes> Tree::read(const Entry& entry) const {
  if (entry.payload_form <= PayloadForm::inlined) return Bytes(entry.inlined);
  return PayloadReader(*objects_, payload(entry)).read_all();
}

Result<std::optional<Entry>> Tree::at(BytesView path) const {
  if (auto ok = check_path(path); !ok) return pass_on(ok);
  if (path.empty()) return std::nullopt;
  NodeView node(node_);
  for (;;) {
    size_t slash = path.find('/');
    auto entry = find_below(*objects_, node, path.substr(0, slash));
    if (!entry || !*entry || slash == BytesView::npos) return entry;
    if (!(*entry)->has_child()) return std::nullopt;
    auto child = child_node(*objects_, **entry);
    if (!child) return pass_on(child);
    node = *child;
    path.remove_prefix(slash + 1);
  }
}

Result<std::optional<Bytes>> Tree::get(BytesView path) const {
  auto entry = at(path);
  if (!entry) return pass_on(entry);
  if (!*entry || !(*entry)->has_payload()) return std::nullopt;
  auto bytes = read(**entry);
  if (!bytes) return pass_on(bytes);
  return std::move(*bytes);
}

Result<Tree> Tree::subtree(BytesView path) const {
  if (path.empty()) return *this;
  auto entry = at(path);
  if (!entry) return pass_on(entry);
  if (!*entry) return Tree(*objects_).in(arena_);
  return child(**entry);
}

Result<Tree> Tree::apply(std::span<const Edit> edits) const {
  TreeEditor editor(*objects_, arena());
  auto built = editor.apply(NodeView(node_), edits);
  if (!built) return pass_on(built);
  if (!built->changed) return *this;
  return editor.load(*built);
}

}  // namespace ukstore
