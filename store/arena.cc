#include <ukstore/store/arena.h>

#include <algorithm>
#include <cassert>

namespace ukstore {

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
  unwritten_bytes_ += object.bytes_.size();
  return {object.hash_, Address::of(&object)};
}

void Arena::keep(std::shared_ptr<Arena> other) {
  if (!other || other.get() == this) return;
  if (std::ranges::find(kept_, other) == kept_.end()) kept_.push_back(std::move(other));
}

void Arena::mark_written(StagedObject& object, Address address, Drop drop) {
  assert(address && !address.is_staged());
  if (!object.written_) unwritten_bytes_ -= object.bytes_.size();
  object.written_ = address;
  if (drop == Drop::no) return;
  object.dropped_ = true;
  Bytes().swap(object.bytes_);  // assigning an empty string would keep its buffer
  object.side_ = std::vector<uint64_t>();
}

void Arena::set_spill(size_t limit_bytes, std::function<Result<void>(Arena&)> spill) {
  spill_limit_bytes_ = limit_bytes;
  spill_ = std::move(spill);
}

Result<void> Arena::relieve() {
  if (!spill_ || unwritten_bytes_ < spill_limit_bytes_) return {};
  return spill_(*this);
}

}  // namespace ukstore
