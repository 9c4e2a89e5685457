#include <ukstore/store/arena.h>

#include <algorithm>
#include <cassert>

namespace ukstore {

// Arenas keep each other in long chains, one link for each transaction that waits; freeing them
// link by link from within each other would take a stack as deep.
Arena::~Arena() {
  std::vector<std::shared_ptr<Arena>> orphans = std::move(kept_);
  while (!orphans.empty()) {
    std::shared_ptr<Arena> last = std::move(orphans.back());
    orphans.pop_back();
    if (last.use_count() != 1) continue;
    for (auto& kept : last->kept_) orphans.push_back(std::move(kept));
    last->kept_.clear();
  }
}

ObjectRef Arena::add(ObjectKind kind, Bytes canonical, std::span<const Address> side) {
  Hash hash = hash_object(kind, canonical);
  return add(kind, hash, std::move(canonical), side);
}

ObjectRef Arena::add(ObjectKind kind, const Hash& hash, Bytes canonical,
                     std::span<const Address> side) {
  StagedObject& object = objects_.emplace_back();
  object.arena_ = this;
  object.kind_ = kind;
  object.hash_ = hash;
  object.bytes_ = std::move(canonical);
  object.side_.reserve(side.size());
  for (Address address : side) object.side_.push_back(address.value());
  unwritten_bytes_.fetch_add(object.bytes_.size(), std::memory_order_relaxed);
  return {object.hash_, Address::of(&object)};
}

void Arena::keep(std::shared_ptr<Arena> other) {
  if (!other || other.get() == this) return;
  if (std::ranges::find(kept_, other) == kept_.end()) kept_.push_back(std::move(other));
}

void Arena::mark_written(StagedObject& object, Address address, Drop drop) {
  assert(address && !address.is_staged());
  if (!object.written())
    unwritten_bytes_.fetch_sub(object.bytes_.size(), std::memory_order_relaxed);
  object.written_.store(address.value(), std::memory_order_release);
  if (drop == Drop::no) return;
  object.dropped_ = true;
  object.bytes_ = Bytes();
  object.side_ = std::vector<uint64_t>();
}

void Arena::set_spill(size_t limit_bytes, std::function<Result<void>(Arena&)> spill) {
  spill_limit_bytes_ = limit_bytes;
  spill_ = std::move(spill);
}

Result<void> Arena::relieve() {
  if (!spill_ || unwritten_bytes() < spill_limit_bytes_) return {};
  return spill_(*this);
}

}  // namespace ukstore
