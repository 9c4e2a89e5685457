#include "backends.h"

#include <stdexcept>

namespace ukstore::tests {

std::string name(BackendKind kind) { return kind == BackendKind::memory ? "memory" : "lmdb"; }

BackendUnderTest::BackendUnderTest(BackendKind kind) : kind_(kind) {
  if (kind_ == BackendKind::memory) backend_ = make_memory_backend(std::chrono::milliseconds(50));
  if (kind_ == BackendKind::lmdb) place_.emplace();
  reopen();
}

void BackendUnderTest::reopen() {
  if (kind_ == BackendKind::memory) return;
  backend_.reset();
  auto opened = open_lmdb_backend(place_->options());
  if (!opened) throw std::runtime_error(opened.error().message);
  backend_ = std::move(*opened);
}

}  // namespace ukstore::tests
