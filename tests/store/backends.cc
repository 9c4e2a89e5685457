#include "backends.h"

#include <ukstore/store/lmdb_backend.h>

#include <stdexcept>

namespace ukstore::tests {

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
