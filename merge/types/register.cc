#include <ukstore/merge/types/register.h>

namespace ukstore {

Result<std::vector<std::pair<Dot, Bytes>>> read_register(const State& state, BytesView path,
                                                         Kind kind) {
  auto tree = state.value_tree(path, kind);
  if (!tree) return pass_on(tree);
  std::vector<std::pair<Dot, Bytes>> values;
  Result<void> result;
  auto ok = tree->scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    auto dot = take_dot(key);
    auto bytes = tree->read(entry);
    if (!dot || !bytes) {
      result = dot ? Result<void>(pass_on(bytes))
                   : Result<void>(ukstore::fail(Error::Kind::corrupt,
                                                "a register holds a key that is no dot"));
      return Flow::stop;
    }
    values.emplace_back(*dot, std::move(*bytes));
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  if (!result) return pass_on(result);
  return values;
}

void write_register(Tx& tx, BytesView path, Kind kind, Bytes value) {
  tx.attempt([&]() -> Result<void> {
    auto edit = tx.edit_value(path, kind);
    if (!edit) return pass_on(edit);
    if (auto ok = (*edit)->clear(); !ok) return pass_on(ok);
    (*edit)->put(encode(tx.mint()), std::move(value));
    (*edit)->touch();
    return {};
  });
}

}  // namespace ukstore
