#pragma once
// Objects that are made but not yet written.
//
// An edit of a tree makes nodes; they live in an arena until a commit writes those that it reaches
// into a segment.  The address of a staged object is its place in memory, so that a tree whose
// nodes lie partly in a segment and partly in an arena is read by one path.
//
// Invariants:
// 1. A staged object never moves, and its address stays valid until the arena and all arenas that
//    keep it are gone.  After it is written its bytes may be dropped; `written()` then says where
//    they are.
// 2. Children are staged before the objects that name them, so objects in the order of `objects()`
//    are closed under children.
// 3. An arena keeps only arenas that were made before it, so none keeps itself, however long the
//    way round.
// An arena is used by one thread at a time, but others may read its objects, and one of them may
// mark them as written (without dropping their bytes).  Bytes lie in a few large blocks, so that
// the thousands of nodes of many small edits do not become thousands of allocations.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace ukstore {

class Arena;

class StagedObject {
 public:
  const Hash& hash() const { return hash_; }
  // Where the object was written; none while it is only here.
  Address written() const { return Address::from_value(written_.load(std::memory_order_acquire)); }
  // Valid while `has_bytes()`.
  bool has_bytes() const { return !dropped_; }
  ObjectView view() const {
    return {kind_, bytes_, reinterpret_cast<const char*>(side_.data()),
            static_cast<uint32_t>(side_.size())};
  }
  std::span<const uint64_t> side() const { return side_; }
  // Where it is staged.
  Arena& arena() const { return *arena_; }

 private:
  friend class Arena;
  Arena* arena_ = nullptr;
  Hash hash_;
  std::atomic<uint64_t> written_ = 0;
  ObjectKind kind_{};
  bool dropped_ = false;
  BytesView bytes_;                 // in a block of the arena
  std::span<const uint64_t> side_;  // in the same
};

class Arena {
 public:
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Stages an object and names it.  `side` are the addresses of the objects that `canonical` names,
  // in order; they may be staged here, in an arena that this one keeps, or written.
  ObjectRef add(ObjectKind kind, BytesView canonical, std::span<const Address> side);
  // The same where the caller has hashed it already.
  ObjectRef add(ObjectKind kind, const Hash& hash, BytesView canonical,
                std::span<const Address> side);

  // Keeps `other`, which is older, alive as long as this arena, because an object here names one
  // there.
  void keep(std::shared_ptr<Arena> other);
  // An arena whose objects may name those of both: `arena` if it is the younger one, else a new one
  // that keeps both and spills as `arena` does.  A null `other` has no objects.
  static std::shared_ptr<Arena> keeping(std::shared_ptr<Arena> arena, std::shared_ptr<Arena> other);

  // This arena and all that it keeps, directly or not, the oldest first: no object of one names an
  // object of a later one.
  std::vector<Arena*> and_kept();

  // Marks an object as written and, with `Drop::yes`, gives up its bytes.  Memory is freed when the
  // bytes of all objects here are given up.
  enum class Drop { no, yes };
  void mark_written(StagedObject& object, Address address, Drop drop);

  std::deque<StagedObject>& objects() { return objects_; }
  // Bytes of the objects that are staged and not yet written.
  size_t unwritten_bytes() const { return unwritten_bytes_.load(std::memory_order_relaxed); }

  // Long writes (a streamed blob, an import) call this as they go.  When more than `limit_bytes`
  // are unwritten it runs `spill`, which writes them early; what no commit comes to reach is
  // garbage.
  void set_spill(size_t limit_bytes, std::function<Result<void>(Arena&)> spill);
  Result<void> relieve();
  // Runs `spill` now, if there is anything to write.
  Result<void> spill();

 private:
  char* allocate(size_t bytes);

  const uint64_t birth_;  // a number for each arena of the process, rising
  static constexpr size_t kFirstBlockBytes = 8 * 1024;
  static constexpr size_t kBlockBytesMax = 256 * 1024;
  std::deque<StagedObject> objects_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;  // the rest of the newest block
  size_t free_bytes_ = 0;
  size_t next_block_bytes_ = kFirstBlockBytes;
  size_t held_ = 0;  // objects whose bytes are not given up
  std::vector<std::shared_ptr<Arena>> kept_;
  std::atomic<size_t> unwritten_bytes_ = 0;
  size_t spill_limit_bytes_ = 0;
  std::function<Result<void>(Arena&)> spill_;
};

}  // namespace ukstore
