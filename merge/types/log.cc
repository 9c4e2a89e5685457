#include <ukstore/merge/types/log.h>

namespace ukstore {

Result<uint64_t> ByteLog::size() const {
  auto tree = state_.value_tree(path_, Kind::log);
  if (!tree) return pass_on(tree);
  return tree->count();
}

Result<std::vector<Bytes>> ByteLog::entries(uint64_t from, uint64_t limit) const {
  auto tree = state_.value_tree(path_, Kind::log);
  if (!tree) return pass_on(tree);
  auto items = tree->list(from, limit);
  if (!items) return pass_on(items);
  std::vector<Bytes> entries;
  for (const Item& item : *items) {
    auto bytes = tree->read(item.entry);
    if (!bytes) return pass_on(bytes);
    entries.push_back(std::move(*bytes));
  }
  return entries;
}

void ByteLog::append(Tx& tx, BytesView path, Bytes entry) {
  tx.attempt([&]() -> Result<void> {
    auto edit = tx.edit_value(path, Kind::log);
    if (!edit) return pass_on(edit);
    (*edit)->put(encode(tx.mint()), std::move(entry));
    (*edit)->touch();
    return {};
  });
}

}  // namespace ukstore
