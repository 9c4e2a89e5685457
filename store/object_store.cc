#include <ukstore/store/object_store.h>

#include <ukstore/store/hash_index.h>
#include <ukstore/store/segment_cache.h>
#include <ukstore/store/segment_writer.h>

#include <atomic>

namespace ukstore {
namespace {

// A count that threads may lose an increment of: a locked add would cost more than the load it
// counts.
class Count {
 public:
  void add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

}  // namespace

struct ObjectStore::State {
  explicit State(Backend& backend_of)
      : backend(backend_of), segments(backend), index(backend, segments) {}

  Backend& backend;
  SegmentCache segments;
  HashIndex index;
  Count loads, checks, lookups, written, written_bytes;

  Result<ObjectView> load_slowly(const Hash& hash, Address hint);
  // The object at `address` if it is the one named `hash`; nullopt if another one or none lies
  // there.
  Result<std::optional<ObjectView>> load_at(const Hash& hash, Address address);
  Result<std::optional<Address>> find(const Hash& hash) {
    lookups.add(1);
    return index.find(hash);
  }
};

ObjectStore::ObjectStore(Backend& backend) : state_(std::make_unique<State>(backend)) {}
ObjectStore::~ObjectStore() = default;

Result<ObjectView> ObjectStore::load(const Hash& hash, Address hint) const {
  if (hint && !hint.is_staged()) [[likely]] {
    const char* record = state_->segments.checked(hint);
    // Whoever asks is going to search the object: let its lines come together, not one after
    // another.
    if (record) {
      for (int line = 1; line < 8; ++line) __builtin_prefetch(record + 64 * line);
    }
    if (record && std::memcmp(record_hash(record), hash.bytes.data(), 32) == 0) [[likely]] {
      state_->loads.add(1);
      return record_view(record, hint.segment());
    }
  }
  return state_->load_slowly(hash, hint);
}

Result<ObjectView> ObjectStore::State::load_slowly(const Hash& hash, Address hint) {
  if (hint.is_staged()) {
    const StagedObject& staged = *hint.staged();
    if (staged.has_bytes() && staged.hash() == hash) {
      loads.add(1);
      return staged.view();
    }
    hint = staged.written();
  }
  // A hint that leads to damage may be a stale one: only the index is believed.
  if (hint) {
    auto object = load_at(hash, hint);
    if (object && *object) return **object;
  }
  auto address = find(hash);
  if (!address) return pass_on(address);
  if (!*address) return fail(Error::Kind::not_found, "no object " + to_hex(hash));
  auto object = load_at(hash, **address);
  if (!object) return pass_on(object, "object " + to_hex(hash));
  if (!*object)
    return fail(Error::Kind::corrupt, "object " + to_hex(hash) + " is not where the index says");
  return **object;
}

Result<std::optional<ObjectView>> ObjectStore::State::load_at(const Hash& hash, Address address) {
  const char* record = segments.checked(address);
  if (!record) {
    auto checked = segments.check(address);
    if (!checked) return pass_on(checked);
    if (!*checked) return std::nullopt;
    record = *checked;
    checks.add(1);
  }
  if (std::memcmp(record_hash(record), hash.bytes.data(), 32) != 0) return std::nullopt;
  loads.add(1);
  return record_view(record, address.segment());
}

Result<std::optional<ObjectStore::Named>> ObjectStore::at(Address address) const {
  if (address.is_staged()) {
    const StagedObject& staged = *address.staged();
    if (staged.has_bytes()) return Named{staged.hash(), staged.view()};
    address = staged.written();
  }
  if (!address) return std::nullopt;
  const char* record = state_->segments.checked(address);
  if (!record) {
    auto checked = state_->segments.check(address);
    if (!checked) return pass_on(checked);
    if (!*checked) return std::nullopt;
    record = *checked;
    state_->checks.add(1);
  }
  state_->loads.add(1);
  return Named{Hash::load(record_hash(record)), record_view(record, address.segment())};
}

Result<std::optional<Address>> ObjectStore::find(const Hash& hash) const {
  return state_->find(hash);
}

Result<std::vector<Hash>> ObjectStore::find_prefix(std::string_view hex, size_t limit) const {
  return state_->index.find_prefix(hex, limit);
}

Result<void> ObjectStore::index(Write& write) { return state_->index.update(write); }
Result<void> ObjectStore::rebuild_index(Write& write) { return state_->index.rebuild(write); }

Result<void> ObjectStore::persist(Write& write, std::span<const Address> roots) {
  SegmentWriter writer(write, SegmentWriter::Drop::no);
  for (Address root : roots) {
    if (auto ok = writer.add_reachable(root); !ok) return ok;
  }
  auto ok = writer.finish();
  state_->written.add(writer.objects());
  state_->written_bytes.add(writer.bytes());
  return ok;
}

Result<void> ObjectStore::spill(Arena& arena) {
  for (Arena* each : arena.and_kept()) {
    if (each->unwritten_bytes() == 0) continue;
    // Others may be reading what is only kept.
    auto drop = each == &arena ? Arena::Drop::yes : Arena::Drop::no;
    if (auto ok = spill_objects(*each, drop); !ok) return ok;
  }
  return {};
}

Result<void> ObjectStore::spill_objects(Arena& arena, Arena::Drop drop) {
  // Dirty pages wait in memory until their transaction ends, so it ends after this many bytes.
  constexpr size_t kTransactionBytesMax = size_t{16} << 20;
  auto& objects = arena.objects();
  for (auto next = objects.begin(); next != objects.end();) {
    auto write = state_->backend.write();
    if (!write) return pass_on(write);
    SegmentWriter writer(**write, drop);
    for (; next != objects.end() && writer.bytes() < kTransactionBytesMax; ++next) {
      if (next->written()) continue;
      if (auto ok = writer.add(*next); !ok) return ok;
    }
    if (auto ok = writer.finish(); !ok) return ok;
    if (auto ok = index(**write); !ok) return ok;
    if (auto ok = (*write)->commit(Durability::lazy); !ok) return ok;
    state_->written.add(writer.objects());
    state_->written_bytes.add(writer.bytes());
  }
  return {};
}

ObjectCounts ObjectStore::counts() const {
  const State& s = *state_;
  return {s.loads.get(), s.checks.get(), s.lookups.get(), s.written.get(), s.written_bytes.get()};
}

Backend& ObjectStore::backend() const { return state_->backend; }

}  // namespace ukstore
