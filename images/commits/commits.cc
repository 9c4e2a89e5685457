// commits PATH [COUNT]: makes durable commits in an LMDB database, one after the other, and prints
// the number of each once it is durable.  Goes on where an earlier run was cut off.

#include <lmdb.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void must(int result, const char* what) {
  if (result == MDB_SUCCESS) return;
  std::printf("%s: %s\n", what, mdb_strerror(result));
  std::exit(3);
}

MDB_val bytes(std::string& text) { return {text.size(), text.data()}; }

// Commit `number` holds its number under "last", and a value of its own.
void commit(MDB_env* env, MDB_dbi dbi, long number) {
  MDB_txn* txn = nullptr;
  must(mdb_txn_begin(env, nullptr, 0, &txn), "begin");
  std::string last = "last", text = std::to_string(number), key = "commit-" + text;
  std::string value(static_cast<size_t>(number * 37 % 700 + 1),
                    static_cast<char>('a' + number % 26));
  MDB_val last_key = bytes(last), last_value = bytes(text), own_key = bytes(key),
          own_value = bytes(value);
  must(mdb_put(txn, dbi, &last_key, &last_value, 0), "put");
  must(mdb_put(txn, dbi, &own_key, &own_value, 0), "put");
  must(mdb_txn_commit(txn), "commit");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  long count = argc > 2 ? std::atol(argv[2]) : 1'000'000;
  MDB_env* env = nullptr;
  must(mdb_env_create(&env), "create");
  mdb_env_set_mapsize(env, size_t{64} << 20);
  must(mdb_env_open(env, argv[1], MDB_NOSUBDIR, 0600), "open");
  MDB_txn* txn = nullptr;
  must(mdb_txn_begin(env, nullptr, 0, &txn), "begin");
  MDB_dbi dbi;
  must(mdb_dbi_open(txn, nullptr, 0, &dbi), "dbi");
  std::string last = "last";
  MDB_val key = bytes(last), value;
  long number = 0;
  if (mdb_get(txn, dbi, &key, &value) == MDB_SUCCESS) {
    number = std::stol(std::string(static_cast<char*>(value.mv_data), value.mv_size));
  }
  must(mdb_txn_commit(txn), "commit");
  for (long i = 0; i < count; ++i) {
    commit(env, dbi, ++number);
    std::printf("%ld\n", number);
    std::fflush(stdout);
  }
  mdb_env_close(env);
}
