// All lies in LMDB's main database (see lmdb_reader.h): one tree rather than two saves the pages of
// a second root in each commit.
//
// Lazy commits: LMDB with MDB_NOSYNC writes the meta page while its data may not be on the disk,
// and a power cut then loses the file.  With MDB_NOMETASYNC the data is flushed and only the meta
// page is left to the next flush, so a power cut loses that one transaction and nothing else.  That
// is what `lazy` does: one barrier instead of two.

#include <ukstore/store/lmdb_backend.h>

#include <ukstore/store/grow_ahead.h>
#include <ukstore/store/lmdb_error.h>
#include <ukstore/store/lmdb_file.h>
#include <ukstore/store/lmdb_reader.h>
#include <ukstore/store/object.h>
#include <ukstore/store/records.h>
#include <ukstore/store/writer_lock.h>

#include <lmdb.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>

namespace ukstore {
namespace {

// A value of at least this size lies on overflow pages of its own (pages of 4 KiB), which LMDB does
// not move.
constexpr size_t kSegmentBytesMin = 2048;
// A disk with fewer free blocks has cut a write short.
constexpr uint64_t kBlocksForWrite = 16;

class LmdbSnapshot final : public Snapshot {
 public:
  LmdbSnapshot(LmdbReadTxn txn, MDB_dbi dbi) : txn_(std::move(txn)), reader_(txn_.get(), dbi) {}

  Result<std::optional<BytesView>> get(BytesView key) const override { return reader_.get(key); }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    return reader_.scan(prefix, from, direction, visit);
  }
  Result<uint64_t> last_segment() const override { return reader_.last_segment(); }

 private:
  LmdbReadTxn txn_;
  LmdbReader reader_;
};

// What all transactions of one backend share.
struct Shared {
  Shared(const LmdbOptions& how, std::unique_ptr<LmdbFile> opened)
      : options(how),
        file(std::move(opened)),
        environment(file->environment()),
        dbi(file->dbi()),
        readers(environment),
        ahead(file->descriptor()) {}

  const LmdbOptions options;
  const std::unique_ptr<LmdbFile> file;
  MDB_env* const environment;
  const MDB_dbi dbi;
  std::unique_ptr<WriterLock> lock;
  LmdbReaderPool readers;
  GrowAhead ahead;  // under the lock
  // Set by a failed commit, for good: what the disk holds of it is unknown.
  std::atomic<bool> broken = false;
};

struct ReleaseLock {
  void operator()(WriterLock* lock) const { lock->release(); }
};
struct LetLockGo {
  void operator()(WriterLock* lock) const { lock->let_go(); }
};
struct AbortTxn {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
// The lock, taken for one Write, or held for several; a write transaction.
using AcquiredLock = std::unique_ptr<WriterLock, ReleaseLock>;
using HeldLock = std::unique_ptr<WriterLock, LetLockGo>;
using WriteTxn = std::unique_ptr<MDB_txn, AbortTxn>;

// Of the file, by the newest commit.
uint64_t used_bytes(MDB_env* environment) {
  MDB_envinfo info{};
  mdb_env_info(environment, &info);
  return (uint64_t{info.me_last_pgno} + 1) * LmdbFile::kPageBytes;
}

class LmdbWrite final : public Write {
 public:
  LmdbWrite(Shared& shared, AcquiredLock lock, WriteTxn txn, uint64_t last_segment)
      : shared_(shared),
        lock_(std::move(lock)),
        txn_(std::move(txn)),
        last_segment_(last_segment) {}

  Result<std::optional<BytesView>> get(BytesView key) const override {
    if (!txn_) return closed();
    return LmdbReader(txn_.get(), shared_.dbi).get(key);
  }
  Result<void> scan(BytesView prefix, BytesView from, Direction direction,
                    const RecordVisitor& visit) const override {
    if (!txn_) return closed();
    return LmdbReader(txn_.get(), shared_.dbi).scan(prefix, from, direction, visit);
  }
  Result<uint64_t> last_segment() const override {
    if (!txn_) return closed();
    return last_segment_;
  }

  Result<void> put(BytesView key, BytesView value) override {
    if (!txn_) return closed();
    if (auto ok = check_record_size(key, value.size()); !ok) return ok;
    MDB_val k = value_of(key), v = value_of(value);
    int code = mdb_put(txn_.get(), shared_.dbi, &k, &v, 0);
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
    int code = mdb_put(txn_.get(), shared_.dbi, &k, &room, MDB_RESERVE | MDB_APPEND);
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
    int code = mdb_txn_commit(txn_.release());
    if (durability == Durability::lazy) mdb_env_set_flags(shared_.environment, MDB_NOMETASYNC, 0);
    if (code != MDB_SUCCESS) note_failure(code);
    if (code == MDB_SUCCESS && durability == Durability::durable) {
      shared_.ahead.committed(used_bytes(shared_.environment));
    }
    lock_.reset();
    if (code == MDB_SUCCESS) return {};
    return lmdb_failure(
        code == EIO && is_disk_full() ? ENOSPC : code,
        shared_.broken ? "committing (the store is read-only until reopened)" : "committing");
  }

 private:
  // LMDB takes a write that the disk cut short for an error of the device.
  bool is_disk_full() const {
    struct statvfs about{};
    return statvfs(shared_.options.path.c_str(), &about) == 0 && about.f_bavail < kBlocksForWrite;
  }

  static std::unexpected<Error> closed() {
    return fail(Error::Kind::closed, "this write has been committed");
  }

  Result<void> remove(BytesView key, std::string_view doing) {
    MDB_val k = value_of(key);
    int code = mdb_del(txn_.get(), shared_.dbi, &k, nullptr);
    if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return lmdb_failure(code, doing);
    return {};
  }

  void note_failure(int code) {
    // A full map, or a change that failed before, is found before the first page is written.
    if (code == MDB_MAP_FULL || code == MDB_BAD_TXN) return;
    shared_.broken = true;
    // If it was the meta page that failed, LMDB has put the old one back, in the page cache.  The
    // disk may hold the new one, whose pages the next writer would overwrite: so the old one must
    // get there first. Nothing is claimed from the outcome.
    mdb_env_sync(shared_.environment, 1);
  }

  Shared& shared_;
  AcquiredLock lock_;  // outlives the transaction
  WriteTxn txn_;       // none after the commit
  uint64_t last_segment_;
};

class LmdbHold final : public WriterHold {
 public:
  explicit LmdbHold(HeldLock lock) : lock_(std::move(lock)) {}

 private:
  HeldLock lock_;
};

class LmdbBackend final : public Backend {
 public:
  explicit LmdbBackend(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::unique_ptr<Snapshot>> snapshot() const override {
    auto txn = shared_->readers.take();
    if (!txn) return pass_on(txn);
    return std::make_unique<LmdbSnapshot>(std::move(*txn), shared_->dbi);
  }

  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    auto txn = shared_->readers.take();
    if (!txn) return pass_on(txn);
    auto found = LmdbReader(txn->get(), shared_->dbi).get(segment_key(number));
    if (found && *found && (*found)->size() < kSegmentBytesMin) {
      return fail(Error::Kind::corrupt, "segment " + std::to_string(number) + " is too short");
    }
    return found;
  }

  Result<std::unique_ptr<WriterHold>> hold() override {
    if (auto ok = check_writable(); !ok) return pass_on(ok);
    if (auto ok = shared_->lock->hold(shared_->options.lock_timeout); !ok) return pass_on(ok);
    return std::make_unique<LmdbHold>(HeldLock(shared_->lock.get()));
  }

  Result<std::unique_ptr<Write>> write() override {
    if (auto ok = check_writable(); !ok) return pass_on(ok);
    if (auto ok = shared_->lock->acquire(shared_->options.lock_timeout); !ok) return pass_on(ok);
    AcquiredLock lock(shared_->lock.get());
    MDB_txn* begun = nullptr;
    int code = mdb_txn_begin(shared_->environment, nullptr, 0, &begun);
    if (code != MDB_SUCCESS) return lmdb_failure(code, "starting to write");
    WriteTxn txn(begun);
    auto last = LmdbReader(begun, shared_->dbi).last_segment();
    if (!last) return pass_on(last);
    return std::make_unique<LmdbWrite>(*shared_, std::move(lock), std::move(txn), *last);
  }

  std::string_view name() const override { return "lmdb"; }
  uint64_t size_bytes() const override { return used_bytes(shared_->environment); }

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
  bool empty = true;
  auto note = [&](BytesView, BytesView) {
    empty = false;
    return Flow::stop;
  };
  if (auto ok = (*write)->scan({}, {}, Direction::forward, note); !ok) return ok;
  if (!empty) {
    return fail(Error::Kind::corrupt, options.path.string() + " is an LMDB file, but no store");
  }
  if (auto ok = (*write)->put(record_key(kFormatPrefix), format_record()); !ok) return ok;
  return (*write)->commit(Durability::durable);
}

}  // namespace

Result<std::unique_ptr<Backend>> open_lmdb_backend(const LmdbOptions& options) {
  auto file = LmdbFile::open(options);
  if (!file) return pass_on(file);
  auto shared = std::make_unique<Shared>(options, std::move(*file));
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
