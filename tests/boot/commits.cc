#include "commits.h"

#include <lmdb.h>

namespace boot_test {

long last_commit(const std::string& path) {
  MDB_env* env = nullptr;
  mdb_env_create(&env);
  mdb_env_set_mapsize(env, size_t{64} << 20);
  long last = -2;
  int opened = mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi;
  if (opened == MDB_SUCCESS && mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == MDB_SUCCESS &&
      mdb_dbi_open(txn, nullptr, 0, &dbi) == MDB_SUCCESS) {
    auto get = [&](const std::string& key) {
      MDB_val k{key.size(), const_cast<char*>(key.data())}, v{};
      if (mdb_get(txn, dbi, &k, &v) != MDB_SUCCESS) return std::string();
      return std::string(static_cast<char*>(v.mv_data), v.mv_size);
    };
    std::string text = get("last");
    last = text.empty() ? 0 : std::stol(text);
    for (long i = 1; i <= last; ++i) {
      std::string expected(static_cast<size_t>(i * 37 % 700 + 1), static_cast<char>('a' + i % 26));
      if (get("commit-" + std::to_string(i)) != expected) last = -2;
    }
  }
  if (txn) mdb_txn_abort(txn);
  mdb_env_close(env);
  return last;
}

}  // namespace boot_test
