#include <ukstore/merge/types/set.h>

namespace ukstore {
namespace {

// Keys are never empty, elements may be.
constexpr char kElementPrefix = 'e';

Bytes key_of(BytesView element) {
  Bytes key(1, kElementPrefix);
  key.append(element);
  return key;
}

}  // namespace

Result<bool> ByteSet::contains(BytesView element) const {
  auto tree = state_.value_tree(path_, Kind::set);
  if (!tree) return pass_on(tree);
  auto entry = tree->find(key_of(element));
  if (!entry) return pass_on(entry);
  return entry->has_value();
}

Result<uint64_t> ByteSet::size() const {
  auto tree = state_.value_tree(path_, Kind::set);
  if (!tree) return pass_on(tree);
  return tree->count();
}

Result<std::vector<Bytes>> ByteSet::elements(BytesView from, uint64_t limit) const {
  auto tree = state_.value_tree(path_, Kind::set);
  if (!tree) return pass_on(tree);
  std::vector<Bytes> elements;
  auto ok = tree->scan(key_of(from), {}, Direction::forward, [&](BytesView key, const Entry&) {
    if (elements.size() >= limit) return Flow::stop;
    elements.emplace_back(key.substr(1));
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  return elements;
}

void ByteSet::insert(Tx& tx, BytesView path, BytesView element) {
  tx.attempt([&]() -> Result<void> {
    if (element.size() > kElementBytesMax) {
      return ukstore::fail(Error::Kind::invalid, "an element of a set is at most " +
                                                     std::to_string(kElementBytesMax) + " bytes");
    }
    auto edit = tx.edit_value(path, Kind::set);
    if (!edit) return pass_on(edit);
    (*edit)->put(key_of(element), encode(tx.mint()));
    (*edit)->touch();
    return {};
  });
}

void ByteSet::erase(Tx& tx, BytesView path, BytesView element) {
  tx.attempt([&]() -> Result<void> {
    auto edit = tx.edit_value(path, Kind::set);
    if (!edit) return pass_on(edit);
    auto found = (*edit)->find(key_of(element));
    if (!found) return pass_on(found);
    if (!*found) return {};
    (*edit)->remove(key_of(element));
    (*edit)->touch();
    return {};
  });
}

void ByteSet::clear(Tx& tx, BytesView path) {
  tx.attempt([&]() -> Result<void> {
    auto edit = tx.edit_value(path, Kind::set);
    if (!edit) return pass_on(edit);
    auto cleared = (*edit)->clear();
    if (!cleared) return pass_on(cleared);
    if (*cleared) (*edit)->touch();
    return {};
  });
}

}  // namespace ukstore
