#pragma once
// A directory for one test.

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace ukstore::tests {

// Removed with all that is in it at the end.
class TemporaryDirectory {
 public:
  // `in_memory`: where nothing is to survive the machine, and speed counts.
  enum class Where { on_disk, in_memory };
  explicit TemporaryDirectory(Where where = Where::on_disk) {
    std::filesystem::path parent = std::filesystem::temp_directory_path();
    if (where == Where::in_memory && std::filesystem::exists("/dev/shm")) parent = "/dev/shm";
    std::string path = (parent / "ukstore-test-XXXXXX").string();
    if (!mkdtemp(path.data())) throw std::runtime_error("cannot make " + path);
    path_ = path;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ukstore::tests
