#include "lmdb_place.h"

#include <cstdlib>
#include <fstream>

namespace ukstore::tests {
namespace {

int on_the_disk = 0;  // places there are now

}  // namespace

LmdbPlace::LmdbPlace() {
  const char* disk = std::getenv("UKSTORE_TEST_DISK");
  if (!disk) {
    directory_.emplace();
    return;
  }
  file_ = disk;
  if (on_the_disk) file_ += "-" + std::to_string(on_the_disk + 1);
  ++on_the_disk;
  if (!std::ofstream(file_, std::ios::trunc)) throw std::runtime_error("cannot empty the disk");
}

LmdbPlace::~LmdbPlace() {
  if (directory_ || --on_the_disk == 0) return;
  for (const char* kind : {"", "-lock", "-writer"}) {
    std::error_code ignored;
    std::filesystem::remove(file_.string() + kind, ignored);
  }
}

LmdbOptions LmdbPlace::options() const {
  LmdbOptions options{.create = LmdbOptions::Create::yes,
                      .lock_timeout = std::chrono::milliseconds(50)};
  if (directory_) {
    options.path = directory_->path() / "store";
  } else {
    options.path = file_;
    options.layout = LmdbOptions::Layout::single_file;
  }
  return options;
}

}  // namespace ukstore::tests
