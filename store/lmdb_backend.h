#pragma once
// The backend on LMDB: one file of pages, mapped once and never resized while open.
//
// Segments lie under growing integer keys, padded so that each lies on overflow pages, which LMDB
// neither moves nor reuses while the segment exists: that is what lets views outlive transactions.
// A durable commit costs LMDB's two barriers (data, then the meta page).

#include <ukstore/store/backend.h>

#include <chrono>
#include <filesystem>

namespace ukstore {

struct LmdbOptions {
  // A directory that holds `data.mdb` and `lock.mdb` (made if `create`), or, with `single_file`,
  // the data file itself (a block device in a unikernel).
  std::filesystem::path path;
  enum class Layout { directory, single_file } layout = Layout::directory;
  enum class Mode { read_write, read_only } mode = Mode::read_write;
  enum class Create { no, yes } create = Create::no;  // without it a missing store is `no_store`
  // Address space reserved for the file; the most it can grow to.
  uint64_t map_bytes = uint64_t{1} << 40;
  // How long a writer waits for another one, in this process or another.
  std::chrono::milliseconds lock_timeout{10'000};
};

// Fails with `no_store`, `locked`, `corrupt` (not LMDB, or a damaged meta page), `unsupported`
// (a network file system, another page size), `io`, `full`.
Result<std::unique_ptr<Backend>> open_lmdb_backend(const LmdbOptions& options);

}  // namespace ukstore
