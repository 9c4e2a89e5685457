#pragma once
// An LMDB environment: opened with care, closed with the object.

#include <ukstore/store/lmdb_backend.h>

#include <lmdb.h>

namespace ukstore {

class LmdbFile {
 public:
  // As open_lmdb_backend says.  A file that is open in this process already is refused: LMDB's
  // locks are those of the process, and closing one of two would release both.
  static Result<std::unique_ptr<LmdbFile>> open(const LmdbOptions& options);
  ~LmdbFile();
  LmdbFile(const LmdbFile&) = delete;
  LmdbFile& operator=(const LmdbFile&) = delete;

  MDB_env* environment() const { return environment_; }
  MDB_dbi dbi() const { return dbi_; }
  // Of the data file, borrowed.
  int descriptor() const;
  // Files with other pages are refused.
  static constexpr unsigned kPageBytes = 4096;
  // Of the lock that writers take; empty if the file is a device, which has one user.
  std::filesystem::path lock_path() const;

 private:
  explicit LmdbFile(const LmdbOptions& options) : options_(options) {}
  Result<void> open_environment();
  Result<void> claim();

  const LmdbOptions options_;
  std::filesystem::path data_path_;
  MDB_env* environment_ = nullptr;
  MDB_dbi dbi_ = 0;
  struct Identity {
    uint64_t device, inode;
    auto operator<=>(const Identity&) const = default;
  };
  class Registry;
  std::optional<Identity> claimed_;
};

}  // namespace ukstore
