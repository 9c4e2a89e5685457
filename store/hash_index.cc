#include <ukstore/store/hash_index.h>

namespace ukstore {

HashIndex::HashIndex(const Backend& backend, const SegmentCache& segments)
    : backend_(backend), segments_(segments) {}

Result<std::optional<Address>> HashIndex::find(const Hash& hash) const {
  auto snapshot = backend_.snapshot();
  if (!snapshot) return pass_on(snapshot);
  auto last = (*snapshot)->last_segment();
  if (!last) return pass_on(last);
  std::lock_guard lock(mutex_);
  if (auto ok = catch_up(*last); !ok) return pass_on(ok);
  std::optional<Address> found;
  recent_.find(hash, [&](Address address) {
    auto segment = segments_.open(address.segment());
    if (!segment || !*segment) return true;
    auto stored = (*segment)->hash_at(address.offset_bytes());
    if (stored && *stored == hash) found = address;
    return !found;
  });
  return found;
}

Result<std::vector<Hash>> HashIndex::find_prefix(std::string_view, size_t) const {
  return std::vector<Hash>{};
}
Result<void> HashIndex::update(Write&) { return {}; }
Result<void> HashIndex::rebuild(Write&) { return {}; }

Result<void> HashIndex::catch_up(uint64_t last) const {
  while (recent_last_ < last) {
    auto segment = segments_.open(recent_last_ + 1);
    if (!segment) return pass_on(segment);
    ++recent_last_;
    if (*segment) recent_.add(**segment, recent_last_);
  }
  return {};
}

}  // namespace ukstore
