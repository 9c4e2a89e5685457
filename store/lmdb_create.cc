#include <ukstore/store/lmdb_create.h>

#include <ukstore/store/lmdb_error.h>
#include <ukstore/store/lmdb_reader.h>
#include <ukstore/store/records.h>
#include <ukstore/store/writer_lock.h>

#include <lmdb.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace ukstore {
namespace {

using Path = std::filesystem::path;

struct CloseEnvironment {
  void operator()(MDB_env* environment) const { mdb_env_close(environment); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

int put_format(MDB_env* environment) {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(environment, nullptr, 0, &txn);
  if (code != MDB_SUCCESS) return code;
  MDB_dbi dbi = 0;
  const Bytes key = record_key(kFormatPrefix), value = format_record();
  MDB_val k = value_of(key), v = value_of(value);
  code = mdb_dbi_open(txn, nullptr, 0, &dbi);
  if (code == MDB_SUCCESS) code = mdb_put(txn, dbi, &k, &v, 0);
  if (code == MDB_SUCCESS) return mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return code;
}

Result<void> write_file(const Path& path, uint64_t map_bytes) {
  auto failed = [&](int code) { return lmdb_failure(code, "making " + path.string()); };
  MDB_env* made = nullptr;
  if (int code = mdb_env_create(&made); code != MDB_SUCCESS) return failed(code);
  Environment environment(made);
  mdb_env_set_mapsize(made, map_bytes);
  // Nobody else knows the file, so LMDB needs no lock file beside it.
  int code = mdb_env_open(made, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK, 0666);
  if (code == MDB_SUCCESS) code = put_format(made);
  if (code != MDB_SUCCESS) return failed(code);
  return {};
}

}  // namespace

void sync_directory(const Path& path) {
  int fd = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  ::close(fd);
}

Result<void> create_lmdb_file(const Path& data, const Path& lock, uint64_t map_bytes,
                              std::chrono::milliseconds timeout) {
  auto writers = WriterLock::open(lock);
  if (!writers) return pass_on(writers);
  if (auto ok = (*writers)->acquire(timeout); !ok) return ok;
  Result<void> done;
  std::error_code error;
  if (!std::filesystem::exists(data, error)) {
    const Path other_name = data.parent_path() / ("new-" + data.filename().string());
    std::filesystem::remove(other_name, error);
    done = write_file(other_name, map_bytes);
    if (done) {
      std::filesystem::rename(other_name, data, error);
      const bool cannot = error == std::errc::function_not_supported;
      if (error && !cannot) done = lmdb_failure(error.value(), "making " + data.string());
    }
    if (!done || error) std::filesystem::remove(other_name, error);
    if (done) sync_directory(data.parent_path());
  }
  (*writers)->release();
  return done;
}

}  // namespace ukstore
