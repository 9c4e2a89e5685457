#include "sources.h"

#include <filesystem>

namespace boot_test {

void copy_sources(const std::string& to) {
  std::filesystem::create_directories(to);
  for (const char* name : {"CMakeLists.txt", "CMakePresets.json", "cmake", "store", "merge", "sync",
                           "libos", "images", "examples", "tests", "bench", "docs"}) {
    std::filesystem::copy(std::string(UKSTORE_SOURCE_DIR) + "/" + name, to + "/" + name,
                          std::filesystem::copy_options::recursive);
  }
}

}  // namespace boot_test
