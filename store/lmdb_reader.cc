#include <ukstore/store/lmdb_reader.h>

#include <ukstore/store/lmdb_error.h>
#include <ukstore/store/records.h>

#include <algorithm>

namespace ukstore {
namespace {

uint64_t from_big_endian(BytesView bytes) {
  uint64_t value = 0;
  for (unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

Result<Cursor> open_cursor(MDB_txn* txn, MDB_dbi dbi) {
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(txn, dbi, &cursor);
  if (code != MDB_SUCCESS) return lmdb_failure(code, "scanning records");
  return Cursor(cursor);
}

int seek_forward(MDB_cursor* cursor, BytesView bound, MDB_val& key, MDB_val& value) {
  // LMDB knows no empty key.
  if (bound.empty()) return mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  key = value_of(bound);
  return mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
}

// The last key that starts with `prefix` and is not above `from`, or the one before where it would
// be.
int seek_backward(MDB_cursor* cursor, BytesView prefix, BytesView from, MDB_val& key,
                  MDB_val& value) {
  // No record's key is as long as the filling; of all records, none starts like a segment.
  Bytes above_all(prefix);
  above_all.append(prefix.empty() ? 1 : kRecordKeyBytesMax, kSegmentPrefix);
  const BytesView bound = from.empty() || from > above_all ? above_all : from;
  key = value_of(bound);
  int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  if (code != MDB_SUCCESS || view_of(key) == bound) return code;
  return mdb_cursor_get(cursor, &key, &value, MDB_PREV);
}

}  // namespace

Bytes segment_key(uint64_t number) { return record_key(kSegmentPrefix, big_endian(number)); }

Result<std::optional<BytesView>> LmdbReader::get(BytesView key) const {
  MDB_val k = value_of(key), value;
  int code = mdb_get(txn_, dbi_, &k, &value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != MDB_SUCCESS) return lmdb_failure(code, "reading a record");
  return view_of(value);
}

Result<void> LmdbReader::scan(BytesView prefix, BytesView from, Direction direction,
                              const RecordVisitor& visit) const {
  auto cursor = open_cursor(txn_, dbi_);
  if (!cursor) return pass_on(cursor);
  const bool forward = direction == Direction::forward;
  MDB_val key, value;
  int code = forward ? seek_forward(cursor->get(), std::max(prefix, from), key, value)
                     : seek_backward(cursor->get(), prefix, from, key, value);
  while (code == MDB_SUCCESS && view_of(key).starts_with(prefix) &&
         !view_of(key).starts_with(kSegmentPrefix)) {
    if (visit(view_of(key), view_of(value)) == Flow::stop) return {};
    code = mdb_cursor_get(cursor->get(), &key, &value, forward ? MDB_NEXT : MDB_PREV);
  }
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return lmdb_failure(code, "scanning records");
  return {};
}

Result<uint64_t> LmdbReader::last_segment() const {
  auto cursor = open_cursor(txn_, dbi_);
  if (!cursor) return pass_on(cursor);
  MDB_val key, value;
  int code = mdb_cursor_get(cursor->get(), &key, &value, MDB_LAST);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) {
    return lmdb_failure(code, "finding the last segment");
  }
  uint64_t last = 0;
  if (code == MDB_SUCCESS && view_of(key).starts_with(kSegmentPrefix)) {
    last = from_big_endian(view_of(key).substr(1));
  }
  auto erased = get(record_key(kSegmentsPrefix));
  if (!erased) return pass_on(erased);
  return *erased ? std::max(last, from_big_endian(**erased)) : last;
}

void GiveBack::operator()(MDB_txn* txn) const { pool->give_back(txn); }

LmdbReaderPool::LmdbReaderPool(MDB_env* environment) : environment_(environment) {
  // So that giving one back, which a destructor does, needs no memory.
  idle_.reserve(kIdleMax);
}

LmdbReaderPool::~LmdbReaderPool() {
  for (MDB_txn* txn : idle_) mdb_txn_abort(txn);
}

Result<LmdbReadTxn> LmdbReaderPool::take() {
  if (MDB_txn* txn = take_idle()) {
    int code = mdb_txn_renew(txn);
    if (code == MDB_SUCCESS) return LmdbReadTxn(txn, {this});
    mdb_txn_abort(txn);
  }
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &txn);
  if (code == MDB_READERS_FULL) {
    // Processes that died may still have their places.
    int dead = 0;
    mdb_reader_check(environment_, &dead);
    code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &txn);
  }
  if (code != MDB_SUCCESS) return lmdb_failure(code, "starting to read");
  return LmdbReadTxn(txn, {this});
}

void LmdbReaderPool::give_back(MDB_txn* txn) {
  mdb_txn_reset(txn);
  {
    std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) {
      idle_.push_back(txn);
      return;
    }
  }
  mdb_txn_abort(txn);
}

MDB_txn* LmdbReaderPool::take_idle() {
  std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  MDB_txn* txn = idle_.back();
  idle_.pop_back();
  return txn;
}

}  // namespace ukstore
