#pragma once
// The peer: LMDB with nothing above it, used as its manual says. Failing calls throw, as a
// benchmark that fails is no benchmark.

#include <lmdb.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ukstore::bench {

class RawLmdb {
 public:
  // `flags` are those of mdb_env_open: MDB_NOSYNC for lazy durability, 0 for durable.
  RawLmdb(const std::filesystem::path& folder, unsigned flags);
  ~RawLmdb();
  RawLmdb(const RawLmdb&) = delete;

  // Puts these sorted keys into the empty store, in one transaction, with MDB_APPEND.  The i-th
  // value is value(i).
  void fill(const std::vector<std::string>& keys);
  // One put in one transaction.
  void put(std::string_view key, std::string_view value);
  // Waits until all is on disk.
  void sync();

  MDB_env* env() const { return env_; }
  MDB_dbi table() const { return table_; }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};

// A read transaction, and gets in it.
class RawRead {
 public:
  explicit RawRead(const RawLmdb& lmdb);
  ~RawRead();
  RawRead(const RawRead&) = delete;
  // Borrowed while the transaction lives.  Throws if there is none.
  std::string_view get(std::string_view key) const;

 private:
  MDB_txn* txn_ = nullptr;
  MDB_dbi table_ = 0;
};

}  // namespace ukstore::bench
