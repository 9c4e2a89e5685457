#include <ukstore/merge/types/flag.h>

namespace ukstore {
namespace {

Result<ValueEdit*> cleared(Tx& tx, BytesView path) {
  auto edit = tx.edit_value(path, Flag::kind);
  if (!edit) return edit;
  if (auto ok = (*edit)->clear(); !ok) return pass_on(ok);
  (*edit)->touch();
  return edit;
}

}  // namespace

Result<bool> Flag::Reader::is_on() const {
  auto tree = state_.value_tree(path_, kind);
  if (!tree) return pass_on(tree);
  return !tree->empty();
}

void Flag::Writer::enable() {
  tx_.attempt([&]() -> Result<void> {
    auto edit = cleared(tx_, path_);
    if (!edit) return pass_on(edit);
    (*edit)->put(encode(tx_.mint()), {});
    return {};
  });
}

void Flag::Writer::disable() {
  tx_.attempt([&]() -> Result<void> {
    auto edit = cleared(tx_, path_);
    if (!edit) return pass_on(edit);
    return {};
  });
}

}  // namespace ukstore
