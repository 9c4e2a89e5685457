// All lies in LMDB's main database.  A record has its own key; a segment has 0xff and its number in
// eight big-endian bytes, so segments are the end of the database and are appended.  One tree
// rather than two saves the pages of a second root in each commit.
//
// Lazy commits: LMDB with MDB_NOSYNC writes the meta page while its data may not be on the disk,
// and a power cut then loses the file.  With MDB_NOMETASYNC the data is flushed and only the meta
// page is left to the next flush, so a power cut loses that one transaction and nothing else.  That
// is what `lazy` does: one barrier instead of two.

#include <ukstore/store/lmdb_backend.h>

#include <ukstore/store/lmdb_error.h>
#include <ukstore/store/lmdb_file.h>
#include <ukstore/store/object.h>
#include <ukstore/store/records.h>
#include <ukstore/store/writer_lock.h>

#include <lmdb.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace ukstore {
namespace {

constexpr char kSegmentPrefix = '\xff';
// A value of at least this size lies on overflow pages of its own (pages of 4 KiB), which LMDB does
// not move.
constexpr size_t kSegmentBytesMin = 2048;

MDB_val value_of(BytesView bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
BytesView view_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

Bytes segment_key(uint64_t number) { return record_key(kSegmentPrefix, big_endian(number)); }

uint64_t from_big_endian(BytesView bytes) {
  uint64_t value = 0;
  for (unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

// Reading, within a transaction of either sort.
class Reader {
 public:
  Reader(MDB_txn* txn, MDB_dbi dbi) : txn_(txn), dbi_(dbi) {}

  Result<std::optional<BytesView>> get(BytesView key) const {
    MDB_val k = value_of(key), value;
    int code = mdb_get(txn_, dbi_, &k, &value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    if (code != MDB_SUCCESS) return lmdb_failure(code, "reading a record");
    return view_of(value);
  }

  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const {
    auto cursor = open_cursor();
    if (!cursor) return pass_on(cursor);
    MDB_val key, value;
    int code = seek(cursor->get(), prefix, from, direction, key, value);
    const MDB_cursor_op next = direction == Direction::forward ? MDB_NEXT : MDB_PREV;
    while (code == MDB_SUCCESS && view_of(key).starts_with(prefix)) {
      if (visit(view_of(key), view_of(value)) == Flow::stop) return {};
      code = mdb_cursor_get(cursor->get(), &key, &value, next);
    }
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return lmdb_failure(code, "scanning records");
    return {};
  }

  // Of the segments that exist and of the last that was erased.
  Result<uint64_t> last_segment() const {
    auto cursor = open_cursor();
    if (!cursor) return pass_on(cursor);
    MDB_val key, value;
    int code = mdb_cursor_get(cursor->get(), &key, &value, MDB_LAST);
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND)
      return lmdb_failure(code, "finding the last segment");
    uint64_t last = 0;
    if (code == MDB_SUCCESS && view_of(key).starts_with(kSegmentPrefix)) {
      last = from_big_endian(view_of(key).substr(1));
    }
    auto erased = get(record_key(kSegmentsPrefix));
    if (!erased) return pass_on(erased);
    return *erased ? std::max(last, from_big_endian(**erased)) : last;
  }

 private:
  Result<Cursor> open_cursor() const {
    MDB_cursor* cursor = nullptr;
    int code = mdb_cursor_open(txn_, dbi_, &cursor);
    if (code != MDB_SUCCESS) return lmdb_failure(code, "scanning records");
    return Cursor(cursor);
  }

  static int seek(MDB_cursor* cursor, BytesView prefix, BytesView from, Direction direction,
                  MDB_val& key, MDB_val& value) {
    if (direction == Direction::forward) {
      key = value_of(std::max(prefix, from));
      return mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    }
    // Backward: the first key that is too high, then one back.  Keys are shorter than the filling.
    Bytes above_all(prefix);
    above_all.append(kRecordKeyBytesMax, '\xff');
    BytesView bound = from.empty() || from > above_all ? above_all : from;
    key = value_of(bound);
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (code == MDB_SUCCESS && view_of(key) == bound) return code;
    if (code == MDB_SUCCESS) return mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    return code == MDB_NOTFOUND ? mdb_cursor_get(cursor, &key, &value, MDB_LAST) : code;
  }

  MDB_txn* txn_;
  MDB_dbi dbi_;
};

// Read transactions that wait to be used again: to begin one costs a lock, to renew one does not.
class ReaderPool {
 public:
  void set_environment(MDB_env* environment) { environment_ = environment; }
  void clear() {
    for (MDB_txn* txn : idle_) mdb_txn_abort(txn);
    idle_.clear();
  }

  Result<MDB_txn*> take() {
    if (MDB_txn* txn = take_idle()) {
      int code = mdb_txn_renew(txn);
      if (code == MDB_SUCCESS) return txn;
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
    return txn;
  }

  void give_back(MDB_txn* txn) {
    mdb_txn_reset(txn);
    std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleMax) {
      idle_.push_back(txn);
    } else {
      mdb_txn_abort(txn);
    }
  }

 private:
  static constexpr size_t kIdleMax = 64;

  MDB_txn* take_idle() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    MDB_txn* txn = idle_.back();
    idle_.pop_back();
    return txn;
  }

  MDB_env* environment_ = nullptr;
  std::mutex mutex_;
  std::vector<MDB_txn*> idle_;
};

class LmdbSnapshot final : public Snapshot {
 public:
  LmdbSnapshot(ReaderPool& pool, MDB_txn* txn, MDB_dbi dbi)
      : pool_(pool), txn_(txn), reader_(txn, dbi) {}
  ~LmdbSnapshot() override { pool_.give_back(txn_); }

  Result<std::optional<BytesView>> get(BytesView key) const override { return reader_.get(key); }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    return reader_.scan(prefix, from, direction, visit);
  }
  Result<uint64_t> last_segment() const override { return reader_.last_segment(); }

 private:
  ReaderPool& pool_;
  MDB_txn* txn_;
  Reader reader_;
};

// What all transactions of one backend share.
struct Shared {
  LmdbOptions options;
  std::unique_ptr<LmdbFile> file;
  MDB_env* environment = nullptr;
  MDB_dbi dbi = 0;
  std::unique_ptr<WriterLock> lock;
  mutable ReaderPool readers;
  // Set by a failed commit, for good: what the disk holds of it is unknown.
  std::atomic<bool> broken = false;
};

class LmdbWrite final : public Write {
 public:
  // Takes over the transaction and the writer lock.
  LmdbWrite(Shared& shared, MDB_txn* txn, uint64_t last_segment)
      : shared_(shared), txn_(txn), last_segment_(last_segment) {}
  ~LmdbWrite() override {
    if (!txn_) return;
    mdb_txn_abort(txn_);
    shared_.lock->release();
  }

  Result<std::optional<BytesView>> get(BytesView key) const override {
    if (!txn_) return closed();
    return Reader(txn_, shared_.dbi).get(key);
  }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    if (!txn_) return closed();
    return Reader(txn_, shared_.dbi).scan(prefix, from, direction, visit);
  }
  Result<uint64_t> last_segment() const override {
    if (!txn_) return closed();
    return last_segment_;
  }

  Result<void> put(BytesView key, BytesView value) override {
    if (!txn_) return closed();
    if (auto ok = check_record_size(key, value.size()); !ok) return ok;
    MDB_val k = value_of(key), v = value_of(value);
    int code = mdb_put(txn_, shared_.dbi, &k, &v, 0);
    if (code != MDB_SUCCESS) return lmdb_failure(code, "writing a record");
    return {};
  }

  Result<void> erase(BytesView key) override {
    if (!txn_) return closed();
    return remove(key, "erasing a record");
  }

  Result<Room> append_segment(size_t bytes) override {
    if (!txn_) return closed();
    if (bytes == 0 || bytes > Address::kSegmentBytesMax) {
      return fail(Error::Kind::invalid,
                  "a segment has 1 to 1,048,576 bytes, not " + std::to_string(bytes));
    }
    const uint64_t number = last_segment_ + 1;
    const Bytes key = segment_key(number);
    MDB_val k = value_of(key), room{std::max(bytes, kSegmentBytesMin), nullptr};
    int code = mdb_put(txn_, shared_.dbi, &k, &room, MDB_RESERVE | MDB_APPEND);
    if (code != MDB_SUCCESS) return lmdb_failure(code, "writing a segment");
    last_segment_ = number;
    char* data = static_cast<char*>(room.mv_data);
    std::memset(data + bytes, 0, room.mv_size - bytes);
    return Room{number, {data, bytes}};
  }

  Result<void> erase_segment(uint64_t segment) override {
    if (!txn_) return closed();
    if (segment == last_segment_) {
      if (auto ok = put(record_key(kSegmentsPrefix), big_endian(segment)); !ok) return ok;
    }
    return remove(segment_key(segment), "erasing a segment");
  }

  Result<void> commit(Durability durability) override {
    if (!txn_) return closed();
    // Nobody else changes or heeds this flag: the writer lock is ours.
    if (durability == Durability::lazy) mdb_env_set_flags(shared_.environment, MDB_NOMETASYNC, 1);
    int code = mdb_txn_commit(txn_);
    txn_ = nullptr;
    if (durability == Durability::lazy) mdb_env_set_flags(shared_.environment, MDB_NOMETASYNC, 0);
    if (code != MDB_SUCCESS) note_failure(code);
    shared_.lock->release();
    if (code == MDB_SUCCESS) return {};
    return lmdb_failure(
        code, shared_.broken ? "committing (the store is read-only until reopened)" : "committing");
  }

 private:
  static std::unexpected<Error> closed() {
    return fail(Error::Kind::closed, "this write has been committed");
  }

  Result<void> remove(BytesView key, std::string_view doing) {
    MDB_val k = value_of(key);
    int code = mdb_del(txn_, shared_.dbi, &k, nullptr);
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return lmdb_failure(code, doing);
    return {};
  }

  void note_failure(int code) {
    // A full map is found before the first page is written.
    if (code == MDB_MAP_FULL) return;
    shared_.broken = true;
    // If it was the meta page that failed, LMDB has put the old one back, in the page cache.  The
    // disk may hold the new one, whose pages the next writer would overwrite: so the old one must
    // get there first. Nothing is claimed from the outcome.
    mdb_env_sync(shared_.environment, 1);
  }

  Shared& shared_;
  MDB_txn* txn_;
  uint64_t last_segment_;
};

class LmdbHold final : public WriterHold {
 public:
  explicit LmdbHold(WriterLock& lock) : lock_(lock) {}
  ~LmdbHold() override { lock_.let_go(); }

 private:
  WriterLock& lock_;
};

class LmdbBackend final : public Backend {
 public:
  explicit LmdbBackend(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~LmdbBackend() override { shared_->readers.clear(); }

  Result<std::unique_ptr<Snapshot>> snapshot() const override {
    auto txn = shared_->readers.take();
    if (!txn) return pass_on(txn);
    return std::make_unique<LmdbSnapshot>(shared_->readers, *txn, shared_->dbi);
  }

  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    auto txn = shared_->readers.take();
    if (!txn) return pass_on(txn);
    auto found = Reader(*txn, shared_->dbi).get(segment_key(number));
    shared_->readers.give_back(*txn);
    if (found && *found && (*found)->size() < kSegmentBytesMin) {
      return fail(Error::Kind::corrupt, "segment " + std::to_string(number) + " is too short");
    }
    return found;
  }

  Result<std::unique_ptr<WriterHold>> hold() override {
    if (auto ok = check_writable(); !ok) return pass_on(ok);
    if (auto ok = shared_->lock->hold(shared_->options.lock_timeout); !ok) return pass_on(ok);
    return std::make_unique<LmdbHold>(*shared_->lock);
  }

  Result<std::unique_ptr<Write>> write() override {
    if (auto ok = check_writable(); !ok) return pass_on(ok);
    if (auto ok = shared_->lock->acquire(shared_->options.lock_timeout); !ok) return pass_on(ok);
    MDB_txn* txn = nullptr;
    int code = mdb_txn_begin(shared_->environment, nullptr, 0, &txn);
    if (code != MDB_SUCCESS) {
      shared_->lock->release();
      return lmdb_failure(code, "starting to write");
    }
    auto last = Reader(txn, shared_->dbi).last_segment();
    if (!last) {
      mdb_txn_abort(txn);
      shared_->lock->release();
      return pass_on(last);
    }
    return std::make_unique<LmdbWrite>(*shared_, txn, *last);
  }

  std::string_view name() const override { return "lmdb"; }
  uint64_t size_bytes() const override {
    MDB_envinfo info{};
    MDB_stat stat{};
    mdb_env_info(shared_->environment, &info);
    mdb_env_stat(shared_->environment, &stat);
    return (uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
  }

 private:
  Result<void> check_writable() const {
    if (shared_->options.mode == LmdbOptions::Mode::read_only) {
      return fail(Error::Kind::read_only, "the store was opened for reading");
    }
    if (shared_->broken) {
      return fail(Error::Kind::read_only, "a commit failed: the store is read-only until reopened");
    }
    return {};
  }

  std::unique_ptr<Shared> shared_;
};

// The records that make a file a store, or that it is one.
Result<void> complete(Backend& backend, const LmdbOptions& options) {
  {
    auto snapshot = backend.snapshot();
    if (!snapshot) return pass_on(snapshot);
    auto format = (*snapshot)->get(record_key(kFormatPrefix));
    if (!format) return pass_on(format);
    if (*format) return check_format_record(**format);
  }
  if (options.create == LmdbOptions::Create::no || options.mode == LmdbOptions::Mode::read_only) {
    return fail(Error::Kind::no_store, "there is no store at " + options.path.string());
  }
  auto write = backend.write();
  if (!write) return pass_on(write);
  // Another process may have been first.
  auto format = (*write)->get(record_key(kFormatPrefix));
  if (!format) return pass_on(format);
  if (*format) return check_format_record(**format);
  if (auto ok = (*write)->put(record_key(kFormatPrefix), format_record()); !ok) return ok;
  return (*write)->commit(Durability::durable);
}

}  // namespace

Result<std::unique_ptr<Backend>> open_lmdb_backend(const LmdbOptions& options) {
  auto shared = std::make_unique<Shared>();
  shared->options = options;
  auto file = LmdbFile::open(options);
  if (!file) return pass_on(file);
  shared->file = std::move(*file);
  shared->environment = shared->file->environment();
  shared->dbi = shared->file->dbi();
  shared->readers.set_environment(shared->environment);
  if (options.mode == LmdbOptions::Mode::read_write) {
    auto lock = WriterLock::open(shared->file->lock_path());
    if (!lock) return pass_on(lock);
    shared->lock = std::move(*lock);
  }
  std::unique_ptr<Backend> backend = std::make_unique<LmdbBackend>(std::move(shared));
  if (auto ok = complete(*backend, options); !ok) return pass_on(ok);
  return backend;
}

}  // namespace ukstore
