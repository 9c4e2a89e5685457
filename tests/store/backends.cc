#include "backends.h"

#include <ukstore/store/lmdb_backend.h>

#include <stdlib.h>

#include <stdexcept>

namespace ukstore::tests {

TemporaryDirectory::TemporaryDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "ukstore-test-XXXXXX").string();
  if (!mkdtemp(path.data())) throw std::runtime_error("cannot make " + path);
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string name(BackendKind kind) { return kind == BackendKind::memory ? "memory" : "lmdb"; }

BackendUnderTest::BackendUnderTest(BackendKind kind) : kind_(kind) {
  if (kind_ == BackendKind::memory) backend_ = make_memory_backend(std::chrono::milliseconds(50));
  reopen();
}

void BackendUnderTest::reopen() {
  if (kind_ == BackendKind::memory) return;
  backend_.reset();
  auto opened = open_lmdb_backend({.path = directory_.path() / "store",
                                   .create = LmdbOptions::Create::yes,
                                   .lock_timeout = std::chrono::milliseconds(50)});
  if (!opened) throw std::runtime_error(opened.error().message);
  backend_ = std::move(*opened);
}

}  // namespace ukstore::tests
