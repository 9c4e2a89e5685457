#pragma once
// Objects over a backend: found by address or by name, checked once, read in place.
//
// Invariants:
// 1. The bytes of an object that `load` returns have passed the record's checksum and the full
//    structural check of its kind (`validate`) once in this process; later loads trust that.
// 2. `load` compares the stored hash with the one asked for, so a stale or wrong hint never yields
//    another object: it is looked up by hash instead.
// 3. The index holds nothing that cannot be rebuilt from the segments.

#include <ukstore/store/arena.h>
#include <ukstore/store/backend.h>

#include <span>

namespace ukstore {

// Counts since the store was opened; exact with one thread, close with several.
struct ObjectCounts {
  uint64_t loads = 0;          // objects handed out by `load`
  uint64_t checks = 0;         // of them, checked for the first time
  uint64_t lookups = 0;        // searches by hash
  uint64_t written = 0;        // objects written into segments
  uint64_t written_bytes = 0;  // bytes of those segments
};

class ObjectStore {
 public:
  // `backend` outlives the store of objects.
  explicit ObjectStore(Backend& backend);
  ~ObjectStore();
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;

  // The object named `hash`, by its hint if that is good, else by the index.  `not_found` if the
  // store holds no such object, `corrupt` if it is damaged.  Staged addresses are answered from
  // their arena.
  Result<ObjectView> load(const Hash& hash, Address hint) const;
  Result<ObjectView> load(const ObjectRef& ref) const { return load(ref.hash, ref.address); }

  // The object that lies at an address, whatever its name; nullopt if none does (any more).
  struct Named {
    Hash hash;
    ObjectView view;
  };
  Result<std::optional<Named>> at(Address address) const;

  // Where the object named `hash` lies; nullopt if nowhere.  A search by name: newer
  // segments' tables first, then the index.
  Result<std::optional<Address>> find(const Hash& hash) const;

  // Names that start with these hex digits (at least 4), at most `limit` of them, sorted.
  Result<std::vector<Hash>> find_prefix(std::string_view hex, size_t limit) const;

  // Writes, within `write`, the staged objects that `roots` reach and that are not written yet,
  // children first, into as many segments as they need, and marks them.  The marks are only right
  // if the transaction commits: on failure the caller drops the arenas.
  Result<void> persist(Write& write, std::span<const Address> roots);
  // The same for all objects of an arena, in a transaction of its own without waiting for the disk
  // (a later durable commit covers it), dropping their bytes: for writes larger than memory.
  Result<void> spill(Arena& arena);  // and what it keeps

  // Merges the tables of segments above the index's high-water mark into the index if more than
  // `kUnindexedMax` of them wait.  Called by writers within their transaction.
  static constexpr uint64_t kUnindexedMax = 1024;
  Result<void> index(Write& write);
  // Drops and rebuilds the index from the segments.
  Result<void> rebuild_index(Write& write);

  ObjectCounts counts() const;
  Backend& backend() const;

 private:
  Result<void> spill_objects(Arena& arena, Arena::Drop drop);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ukstore
