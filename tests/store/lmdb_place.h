#pragma once
// Where a test's LMDB store lies.

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/tests/temporary_directory.h>

#include <optional>

namespace ukstore::tests {

// A directory of its own; or, if UKSTORE_TEST_DISK names a file or a block device, that: emptied at
// first, and with another file beside it for each store that is there at the same time.  So the
// suite runs where there is one disk, as in an image.
class LmdbPlace {
 public:
  LmdbPlace();
  ~LmdbPlace();
  LmdbPlace(const LmdbPlace&) = delete;
  LmdbPlace& operator=(const LmdbPlace&) = delete;

  LmdbOptions options() const;

 private:
  std::optional<TemporaryDirectory> directory_;
  std::filesystem::path file_;
};

}  // namespace ukstore::tests
