#include <ukstore/bench/store/raw_lmdb.h>

#include <ukstore/bench/store/data.h>

#include <stdexcept>

namespace ukstore::bench {
namespace {

void must(int code) {
  if (code != 0) throw std::runtime_error(mdb_strerror(code));
}

MDB_val as_val(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB does not write to it
}

}  // namespace

RawLmdb::RawLmdb(const std::filesystem::path& folder, unsigned flags) {
  must(mdb_env_create(&env_));
  must(mdb_env_set_mapsize(env_, size_t{1} << 36));
  must(mdb_env_open(env_, folder.c_str(), flags, 0644));
  MDB_txn* txn;
  must(mdb_txn_begin(env_, nullptr, 0, &txn));
  must(mdb_dbi_open(txn, nullptr, 0, &table_));
  must(mdb_txn_commit(txn));
}

RawLmdb::~RawLmdb() { mdb_env_close(env_); }

void RawLmdb::fill(const std::vector<std::string>& keys) {
  MDB_txn* txn;
  must(mdb_txn_begin(env_, nullptr, 0, &txn));
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string bytes = value(i);
    MDB_val k = as_val(keys[i]), v = as_val(bytes);
    must(mdb_put(txn, table_, &k, &v, MDB_APPEND));
  }
  must(mdb_txn_commit(txn));
}

void RawLmdb::put(std::string_view key, std::string_view value) {
  MDB_txn* txn;
  must(mdb_txn_begin(env_, nullptr, 0, &txn));
  MDB_val k = as_val(key), v = as_val(value);
  must(mdb_put(txn, table_, &k, &v, 0));
  must(mdb_txn_commit(txn));
}

void RawLmdb::sync() { must(mdb_env_sync(env_, 1)); }

RawRead::RawRead(const RawLmdb& lmdb) : table_(lmdb.table()) {
  must(mdb_txn_begin(lmdb.env(), nullptr, MDB_RDONLY, &txn_));
}

RawRead::~RawRead() { mdb_txn_abort(txn_); }

std::string_view RawRead::get(std::string_view key) const {
  MDB_val k = as_val(key), v;
  must(mdb_get(txn_, table_, &k, &v));
  return {static_cast<const char*>(v.mv_data), v.mv_size};
}

}  // namespace ukstore::bench
