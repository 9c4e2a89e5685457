// What an edit makes of an entry.
#include <ukstore/store/tree_edit.h>

namespace ukstore {

Result<TreeEditor::NewValue> TreeEditor::resolve(const Edit& edit,
                                                 const std::optional<Entry>& old) {
  NewValue value;
  ValueParts parts;
  Payload payload;
  // Short bytes need no form of their own: most are.
  const Bytes* bytes = std::get_if<Bytes>(&edit.new_payload);
  if (edit.payload == Edit::Part::set && bytes && bytes->size() <= kInlineBytesMax) {
    parts.kind = edit.kind;
    parts.payload_form = PayloadForm::inlined;
    parts.inlined = *bytes;
    parts.payload_size = bytes->size();
  } else if (edit.payload == Edit::Part::set) {
    if (bytes) {
      auto made = make_payload(objects_, arena_, *bytes);
      if (!made) return pass_on(made);
      payload = std::move(*made);
    } else {
      payload = std::get<Payload>(edit.new_payload);
      arena_ = Arena::keeping(std::move(arena_), payload.arena);
    }
    if (payload.form == PayloadForm::none) {
      return fail(Error::Kind::invalid,
                  "a payload that is set has no form: " + printable(edit.key));
    }
    parts.kind = edit.kind;
    parts.payload_form = payload.form;
    parts.inlined = payload.inlined;
    parts.object = payload.object.hash;
    parts.payload_size = payload.size;
    if (payload.form >= PayloadForm::blob) value.side.push_back(payload.object.address);
  } else if (edit.payload == Edit::Part::keep && old && old->has_payload()) {
    parts.kind = old->kind;
    parts.payload_form = old->payload_form;
    parts.inlined = old->inlined;
    parts.object = old->object.hash;
    parts.payload_size = old->payload_size;
    if (old->payload_form >= PayloadForm::blob) value.side.push_back(old->object.address);
  }
  if (auto ok = resolve_child(edit, old, parts, value); !ok) return pass_on(ok);
  value.present = parts.payload_form != PayloadForm::none || parts.child_form != ChildForm::none;
  if (!value.present) return value;
  value.bytes = encode_value(parts);
  value.logical_bytes = logical_bytes(value.bytes);
  return value;
}

namespace {

void embed(ValueParts& parts, std::vector<Address>& to, BytesView node, const ObjectView* from,
           std::span<const Address> side) {
  parts.child_form = ChildForm::embedded;
  parts.embedded = node;
  if (from) {
    for (uint32_t i = 0; i < from->side_count; ++i) to.push_back(from->address(i));
  }
  to.insert(to.end(), side.begin(), side.end());
}

void refer(ValueParts& parts, std::vector<Address>& to, const ObjectRef& root, NodeTotals totals) {
  parts.child_form = ChildForm::stored;
  parts.child = root.hash;
  parts.child_count = totals.count;
  parts.child_bytes = totals.bytes;
  to.push_back(root.address);
}

}  // namespace

Result<void> TreeEditor::resolve_child(const Edit& edit, const std::optional<Entry>& old,
                                       ValueParts& parts, NewValue& value) {
  bool has_old = old && old->has_child();
  if (edit.child == Edit::Part::set) {
    if (!edit.new_child || edit.new_child->empty()) return {};
    const Tree& tree = *edit.new_child;
    arena_ = Arena::keeping(std::move(arena_), TreeAccess::arena_or_null(tree));
    NodeView node = TreeAccess::root_node(tree);
    if (node.is_leaf() && node.object().bytes.size() <= kEmbeddedBytesMax) {
      embed(parts, value.side, node.object().bytes, &node.object(), {});
    } else {
      refer(parts, value.side, tree.root(), {tree.count(), tree.bytes()});
    }
    return {};
  }
  if (edit.child == Edit::Part::edit) {
    auto built = child_after(edit, old);
    if (!built) return pass_on(built);
    if (built->changed) {
      if (built->totals.count == 0) return {};
      if (built->is_small()) {
        embedded_ = std::move(built->small);
        embed(parts, value.side, embedded_, nullptr, built->side);
      } else {
        refer(parts, value.side, built->root, built->totals);
      }
      return {};
    }
  }
  if (edit.child == Edit::Part::drop || !has_old) return {};
  if (old->child_form == ChildForm::embedded) {
    embed(parts, value.side, old->embedded.bytes, &old->embedded, {});
  } else {
    refer(parts, value.side, old->child, {old->child_count, old->child_bytes});
  }
  return {};
}

}  // namespace ukstore
