#include <ukstore/store/arena.h>

#include <algorithm>
#include <cassert>
#include <set>

namespace ukstore {

namespace {

uint64_t next_birth() {
  static std::atomic<uint64_t> births = 0;
  return births.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Arena::Arena() : birth_(next_birth()) {}

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

// Memory aligned for addresses.
char* Arena::allocate(size_t bytes) {
  bytes = (bytes + 7) & ~size_t{7};
  if (bytes > free_bytes_) {
    size_t block = std::max(bytes, next_block_bytes_);
    next_block_bytes_ = std::min(2 * next_block_bytes_, kBlockBytesMax);
    free_ = blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(block)).get();
    free_bytes_ = block;
  }
  char* memory = free_;
  free_ += bytes;
  free_bytes_ -= bytes;
  return memory;
}

ObjectRef Arena::add(ObjectKind kind, BytesView canonical, std::span<const Address> side) {
  return add(kind, hash_object(kind, canonical), canonical, side);
}

ObjectRef Arena::add(ObjectKind kind, const Hash& hash, BytesView canonical,
                     std::span<const Address> side) {
  static_assert(sizeof(Address) == sizeof(uint64_t));
  char* memory = allocate(side.size_bytes() + canonical.size());
  StagedObject& object = objects_.emplace_back();
  object.arena_ = this;
  object.kind_ = kind;
  object.hash_ = hash;
  object.side_ = {reinterpret_cast<const uint64_t*>(memory), side.size()};
  object.bytes_ = {memory + side.size_bytes(), canonical.size()};
  if (!side.empty()) std::memcpy(memory, side.data(), side.size_bytes());
  if (!canonical.empty()) {
    std::memcpy(memory + side.size_bytes(), canonical.data(), canonical.size());
  }
  unwritten_bytes_.fetch_add(canonical.size(), std::memory_order_relaxed);
  ++held_;
  return {object.hash_, Address::of(&object)};
}

void Arena::keep(std::shared_ptr<Arena> other) {
  if (!other || other.get() == this) return;
  assert(other->birth_ < birth_);
  if (std::ranges::find(kept_, other) == kept_.end()) kept_.push_back(std::move(other));
}

std::shared_ptr<Arena> Arena::keeping(std::shared_ptr<Arena> arena, std::shared_ptr<Arena> other) {
  if (!other || other->birth_ <= arena->birth_) {
    arena->keep(std::move(other));
    return arena;
  }
  auto younger = std::make_shared<Arena>();
  younger->spill_limit_bytes_ = arena->spill_limit_bytes_;
  younger->spill_ = arena->spill_;
  younger->keep(std::move(arena));
  younger->keep(std::move(other));
  return younger;
}

std::vector<Arena*> Arena::and_kept() {
  auto older = [](const Arena* a, const Arena* b) { return a->birth_ < b->birth_; };
  std::set<Arena*, decltype(older)> all{this};
  std::vector<Arena*> open{this};
  while (!open.empty()) {
    Arena* arena = open.back();
    open.pop_back();
    for (auto& kept : arena->kept_) {
      if (all.insert(kept.get()).second) open.push_back(kept.get());
    }
  }
  return {all.begin(), all.end()};
}

void Arena::mark_written(StagedObject& object, Address address, Drop drop) {
  assert(address && !address.is_staged());
  if (!object.written()) {
    unwritten_bytes_.fetch_sub(object.bytes_.size(), std::memory_order_relaxed);
  }
  object.written_.store(address.value(), std::memory_order_release);
  if (drop == Drop::no || object.dropped_) return;
  object.dropped_ = true;
  object.bytes_ = {};
  object.side_ = {};
  if (--held_ > 0) return;
  blocks_.clear();
  free_bytes_ = 0;
}

void Arena::set_spill(size_t limit_bytes, std::function<Result<void>(Arena&)> spill) {
  spill_limit_bytes_ = limit_bytes;
  spill_ = std::move(spill);
}

Result<void> Arena::spill() {
  assert(spill_);
  return spill_(*this);
}

Result<void> Arena::relieve() {
  if (!spill_ || unwritten_bytes() < spill_limit_bytes_) return {};
  return spill_(*this);
}

}  // namespace ukstore
