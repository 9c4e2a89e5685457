#include <ukstore/store/tree_edit.h>
#include <ukstore/store/value.h>

namespace ukstore {

struct TreeBuilder::State {
  const ObjectStore& objects;
  std::shared_ptr<Arena> arena;
  TreeEditor editor{objects, arena};
  std::deque<LevelBuilder> levels{};
  Bytes last_key{};
  // Those of payloads and children.  The tree keeps them when it is finished; the builder's own
  // arena cannot keep what is younger.
  std::vector<std::shared_ptr<Arena>> others{};

  void keep(const std::shared_ptr<Arena>& other) {
    if (!other || other == arena || (!others.empty() && others.back() == other)) return;
    others.push_back(other);
  }

  Result<void> add(BytesView key, const ValueParts& parts, std::span<const Address> side) {
    if (auto ok = check_key(key); !ok) return ok;
    if (!last_key.empty() && key <= last_key) {
      return fail(Error::Kind::invalid, "keys must rise: \"" + printable(key) +
                                            "\" comes after \"" + printable(last_key) + "\"");
    }
    last_key = key;
    Bytes value = encode_value(parts);
    level(0).add_leaf(key, {value, side, logical_bytes(value)});
    pump(0);
    return arena->relieve();
  }

  LevelBuilder& level(uint8_t number) {
    while (levels.size() <= number) levels.emplace_back(static_cast<uint8_t>(levels.size()));
    return levels[number];
  }

  // Hands finished nodes of a level to the one above, but keeps the newest back, as it may be the
  // only one.
  void pump(uint8_t number) {
    auto& built = levels[number].built();
    if (built.size() < 2) return;
    while (built.size() > 1) pass_up(number);
    pump(number + 1);
  }
  void pass_up(uint8_t number) {
    auto& built = levels[number].built();
    ObjectKind kind = number == 0 ? ObjectKind::leaf : ObjectKind::inner;
    ChildNode child = editor.stage(kind, std::move(built.front()));
    built.pop_front();
    level(number + 1).add_inner(child.last_key, child.ref, child.totals);
  }

  Result<BuiltTree> finish() {
    for (uint8_t number = 0;; ++number) {
      level(number).finish();
      auto& built = levels[number].built();
      if (levels.size() == size_t{number} + 1) return editor.raise(number, built);
      while (!built.empty()) pass_up(number);
    }
  }
};

TreeBuilder::TreeBuilder(const ObjectStore& objects, std::shared_ptr<Arena> arena)
    : state_(new State{objects, std::move(arena)}) {}
TreeBuilder::~TreeBuilder() = default;

Result<void> TreeBuilder::add(BytesView key, uint8_t kind, BytesView payload) {
  if (payload.size() <= kInlineBytesMax) {
    ValueParts parts{.kind = kind, .payload_form = PayloadForm::inlined, .inlined = payload};
    return state_->add(key, parts, {});
  }
  auto made = make_payload(state_->objects, state_->arena, payload);
  if (!made) return pass_on(made);
  return add(key, kind, *made);
}

Result<void> TreeBuilder::add(BytesView key, uint8_t kind, const Payload& payload) {
  if (payload.form == PayloadForm::none) {
    return fail(Error::Kind::invalid, "a payload without a form: " + printable(key));
  }
  state_->keep(payload.arena);
  ValueParts parts{.kind = kind,
                   .payload_form = payload.form,
                   .inlined = payload.inlined,
                   .object = payload.object.hash,
                   .payload_size = payload.size};
  if (payload.form == PayloadForm::inlined) return state_->add(key, parts, {});
  return state_->add(key, parts, std::span(&payload.object.address, 1));
}

Result<void> TreeBuilder::add_tree(BytesView key, const Tree& child) {
  if (child.empty()) return {};
  state_->keep(TreeAccess::arena_or_null(child));
  NodeView node = TreeAccess::root_node(child);
  ValueParts parts;
  std::vector<Address> side;
  if (node.is_leaf() && node.object().bytes.size() <= kEmbeddedBytesMax) {
    parts.child_form = ChildForm::embedded;
    parts.embedded = node.object().bytes;
    for (uint32_t i = 0; i < node.object().side_count; ++i)
      side.push_back(node.object().address(i));
  } else {
    ObjectRef root = child.root();
    parts.child_form = ChildForm::stored;
    parts.child = root.hash;
    parts.child_count = child.count();
    parts.child_bytes = child.bytes();
    side.push_back(root.address);
  }
  return state_->add(key, parts, side);
}

Result<Tree> TreeBuilder::finish() {
  State& state = *state_;
  auto built = state.finish();
  if (!built) return pass_on(built);
  std::shared_ptr<Arena> arena = state.arena;
  for (auto& other : state.others) arena = Arena::keeping(std::move(arena), std::move(other));
  state.others.clear();
  if (built->totals.count == 0) return Tree(state.objects).in(std::move(arena));
  ObjectRef root = state.editor.name(*built);
  auto view = state.objects.load(root);
  if (!view) return pass_on(view);
  return TreeAccess::on_node(state.objects, std::move(arena), *view, root);
}

}  // namespace ukstore
