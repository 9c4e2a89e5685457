#include <ukstore/store/tree_assembler.h>
#include <ukstore/store/value.h>

namespace ukstore {

struct TreeBuilder::State {
  const ObjectStore& objects;
  std::shared_ptr<Arena> arena;
  TreeEditor editor{objects, arena};
  TreeAssembler assembler{editor};
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
    assembler.add(key, {value, side, logical_bytes(value)});
    return arena->relieve();
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
  auto built = state_->assembler.finish();
  if (!built) return pass_on(built);
  auto tree = state_->editor.load(*built);
  if (!tree) return tree;
  std::shared_ptr<Arena> arena = state_->arena;
  for (auto& other : state_->others) arena = Arena::keeping(std::move(arena), std::move(other));
  state_->others.clear();
  return tree->in(std::move(arena));
}

}  // namespace ukstore
