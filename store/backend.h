#pragma once
// The seam to what keeps the bytes: numbered segments and a small ordered table of records, changed
// together in one transaction.  Everything above (objects, heads, journal, index) is written once
// and runs on each backend: memory (the model) and LMDB.
//
// Invariants that every backend keeps:
// 1. A segment is written once under the next number, starting from 1, and never changes.  Its
//    bytes do not move while the backend is open, so a view of them outlives any transaction.
// 2. What one `Write` did becomes visible all at once at `commit`, or not at all.
// 3. At most one `Write` exists at a time, over all threads and processes.
// 4. After a failed commit the backend is read-only until it is opened again: a failed flush
//    leaves pages whose fate is unknown, and a second flush may claim success without them.

#include <ukstore/store/bytes.h>
#include <ukstore/store/error.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace ukstore {

// Whether a commit waits for the disk.
enum class Durability {
  durable,  // on return the change survives a power cut
  lazy,     // the change may wait in memory; a crash loses at most the newest ones, never the store
};

enum class Direction { forward, backward };
enum class Flow { go_on, stop };

// Called for each record in order; the views are valid during the call.
using RecordVisitor = std::function<Flow(BytesView key, BytesView value)>;

// A consistent state of the records.  Cheap; do not keep one for long (LMDB cannot reuse pages that
// an old snapshot sees).  Used by the thread that made it.
class Snapshot {
 public:
  virtual ~Snapshot() = default;

  // The record under `key`; nullopt if there is none.  The view is valid while the snapshot
  // lives and, within a Write, until its next change.
  virtual Result<std::optional<BytesView>> get(BytesView key) const = 0;

  // Visits the records whose key starts with `prefix`: forward from `from` (or the first one not
  // below it), backward from the last one not above `from`.  An empty `from` means the end that
  // comes first in that direction.
  virtual Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                            const RecordVisitor& visit) const = 0;

  // The highest segment number; 0 if there is none.
  virtual Result<uint64_t> last_segment() const = 0;
};

// The one write transaction.  Dropping it without `commit` undoes all that it did.
class Write : public Snapshot {
 public:
  // A record key is 1 to 256 bytes; a value is at most 1 MiB.
  virtual Result<void> put(BytesView key, BytesView value) = 0;
  virtual Result<void> erase(BytesView key) = 0;

  // Room for the next segment, to be filled before the next call on this object.  `bytes` is at
  // most Address::kSegmentBytesMax; what lies behind `bytes` in the last page is the backend's.
  struct Room {
    uint64_t segment;
    std::span<char> bytes;
  };
  virtual Result<Room> append_segment(size_t bytes) = 0;
  // Removes a segment (collection, repair).  Its number is not used again.
  virtual Result<void> erase_segment(uint64_t segment) = 0;

  // Makes it all true.  With `durable` it waits until the disk has it.
  virtual Result<void> commit(Durability durability) = 0;
};

// Keeps writers on other backends of the same medium out, those of other processes too, until it is
// dropped, by whichever thread.  The backend that gave it goes on to write.
class WriterHold {
 public:
  virtual ~WriterHold() = default;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual Result<std::unique_ptr<Snapshot>> snapshot() const = 0;

  // The bytes of a segment, valid while the backend is open; nullopt if there is no such segment.
  // They are at least as many as were asked for in `append_segment` (a segment holds its own
  // length). Safe from any thread, beside a writer, and after commits of other processes.
  virtual Result<std::optional<BytesView>> segment(uint64_t number) const = 0;

  // Starts the one write transaction.  Waits up to the backend's lock timeout for another writer,
  // then fails with `locked` and a message that says who holds it (process id and since when).
  // `read_only` after a failed commit or if opened for reading.
  virtual Result<std::unique_ptr<Write>> write() = 0;

  // Keeps others from writing over several transactions: what waits in memory then builds on heads
  // that nobody moves.  At most one at a time; fails as `write` does.  By default nobody else can
  // write.
  virtual Result<std::unique_ptr<WriterHold>> hold() { return std::make_unique<WriterHold>(); }

  // "memory", "lmdb": for messages and tests.
  virtual std::string_view name() const = 0;
  // Bytes that the store takes on its medium.
  virtual uint64_t size_bytes() const = 0;
};

}  // namespace ukstore
