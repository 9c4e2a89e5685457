#pragma once
// Reading the one database of an LMDB store, in a transaction of either sort.
//
// A record has its own key.  A segment has 0xff and its number in eight big-endian bytes, so
// segments are the end of the database.

#include <ukstore/store/backend.h>

#include <lmdb.h>

#include <mutex>
#include <vector>

namespace ukstore {

inline MDB_val value_of(BytesView bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
inline BytesView view_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

constexpr char kSegmentPrefix = '\xff';
Bytes segment_key(uint64_t number);

class LmdbReader {
 public:
  // The transaction outlives the reader.
  LmdbReader(MDB_txn* txn, MDB_dbi dbi) : txn_(txn), dbi_(dbi) {}

  // As `Snapshot` says; segments are no records.
  Result<std::optional<BytesView>> get(BytesView key) const;
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const;
  // Of the segments that exist and of the last that was erased.
  Result<uint64_t> last_segment() const;

 private:
  MDB_txn* txn_;
  MDB_dbi dbi_;
};

class LmdbReaderPool;
struct GiveBack {
  LmdbReaderPool* pool;
  void operator()(MDB_txn* txn) const;
};
// A read transaction; goes back to its pool at the end.
using LmdbReadTxn = std::unique_ptr<MDB_txn, GiveBack>;

// Read transactions that wait to be used again: to begin one costs a lock, to renew one does not.
class LmdbReaderPool {
 public:
  // The environment outlives what is taken.
  explicit LmdbReaderPool(MDB_env* environment);
  ~LmdbReaderPool();
  LmdbReaderPool(const LmdbReaderPool&) = delete;
  LmdbReaderPool& operator=(const LmdbReaderPool&) = delete;

  // `limit` if there are too many readers.
  Result<LmdbReadTxn> take();

 private:
  friend struct GiveBack;
  void give_back(MDB_txn* txn);
  static constexpr size_t kIdleMax = 64;
  MDB_txn* take_idle();

  MDB_env* environment_;
  std::mutex mutex_;
  std::vector<MDB_txn*> idle_;
};

}  // namespace ukstore
