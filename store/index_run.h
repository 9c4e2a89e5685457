#pragma once
// The bytes of the index: runs of (hash, address) sorted by hash, cut into pieces that are records,
// and a manifest that says which runs there are.  docs/format.md, "Index".

#include <ukstore/store/backend.h>
#include <ukstore/store/object.h>

#include <vector>

namespace ukstore {

struct IndexEntry {
  Hash hash;
  Address address;
};

// A piece in place: count (4 bytes), check (4), the hashes, the addresses.
class IndexPiece {
 public:
  static constexpr uint32_t kEntriesMax = 6'553;  // 262,128 bytes

  static Bytes encode(std::span<const IndexEntry> entries);
  // Fails with `corrupt` if the size is not that of its count, or the count is out of range.
  static Result<IndexPiece> open(BytesView bytes);
  // Whether the bytes match the check; costs a pass over them.
  bool intact() const;

  uint32_t count() const { return count_; }
  Hash hash(uint32_t i) const { return Hash::load(bytes_.data() + 8 + 32 * size_t{i}); }
  Address address(uint32_t i) const {
    return Address::from_value(
        load_le<uint64_t>(bytes_.data() + 8 + 32 * size_t{count_} + 8 * size_t{i}));
  }
  // The first entry that is not below `hash`; count() if there is none.
  uint32_t lower_bound(const Hash& hash) const;

 private:
  BytesView bytes_;
  uint32_t count_ = 0;
};

struct IndexRun {
  enum class State : uint32_t {
    live = 0,     // searched
    input = 1,    // searched, and being merged from `next_piece`, `next_entry` on
    output = 2,   // of the merge under way; not searched
    erasing = 3,  // merged; its pieces go away one after another
  };
  uint64_t number = 0;
  uint64_t entries = 0;
  uint32_t pieces = 0;  // all but the last are full
  uint32_t tier = 0;
  State state = State::live;
  uint32_t next_piece = 0, next_entry = 0;
};

struct IndexManifest {
  uint64_t mark = 0;  // the highest segment whose objects are in the runs
  uint64_t next_run = 1;
  std::vector<IndexRun> runs;

  Bytes encode() const;
  // `corrupt` if the bytes are not what `encode` makes.
  static Result<IndexManifest> decode(BytesView bytes);
  // The one of this state of the store; an empty one if there is none.
  static Result<IndexManifest> load(const Snapshot& snapshot);
};

Bytes index_piece_key(uint64_t run, uint32_t piece);
// The piece of a run that the manifest names: its absence is `corrupt`.  In place, like the
// snapshot's views.
Result<IndexPiece> index_piece(const Snapshot& snapshot, uint64_t run, uint32_t piece);

// A place in a run; piece == run.pieces is its end.
struct IndexPlace {
  uint32_t piece = 0;
  uint32_t entry = 0;
};
// The first entry of the run that is not below `hash`.
Result<IndexPlace> index_lower_bound(const Snapshot& snapshot, const IndexRun& run,
                                     const Hash& hash);

}  // namespace ukstore
