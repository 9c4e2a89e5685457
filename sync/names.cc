#include <ukstore/sync/names.h>

#include <ukstore/store/varint.h>

namespace ukstore {

void NameTable::append_name(Bytes& to, const Hash& hash) const {
  auto found = numbers_.find(hash);
  append_varint(to, found == numbers_.end() ? 0 : names_.size() - found->second);
  if (found == numbers_.end()) to += hash.view();
}

Result<Hash> NameTable::take_name(BytesView& from) const {
  auto back = take_varint(from);
  if (!back || *back > names_.size()) return fail(Error::Kind::corrupt, "a name that is none");
  if (*back > 0) return names_[names_.size() - *back];
  if (from.size() < sizeof(Hash::bytes)) return fail(Error::Kind::corrupt, "a name ends early");
  Hash hash = Hash::load(from.data());
  from.remove_prefix(sizeof(Hash::bytes));
  if (contains(hash)) return fail(Error::Kind::corrupt, "a name in its long form without need");
  return hash;
}

}  // namespace ukstore
