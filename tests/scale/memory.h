#pragma once
// How much memory of its own a piece of work takes. Pages of the mapped store are the kernel's to
// take back and are not counted.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace ukstore::scale {

// RssAnon of this process now.
uint64_t anonymous_bytes();

// What a child process said and took.
struct ChildResult {
  bool ok = false;
  std::string said;  // what `work` returned; or how it died
  uint64_t peak_bytes =
      0;  // the highest anonymous_bytes() above that at the start, as the work noted it
};

// Runs `work` in a forked child whose private memory may grow to `cap_bytes` (RLIMIT_DATA), and no
// more: allocation fails beyond.  `note` is called by the work as it goes, to take the peak.  An
// empty string is success.
ChildResult run_capped(uint64_t cap_bytes,
                       const std::function<std::string(const std::function<void()>& note)>& work);

// An empty folder on a disk, removed at the end.
class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ukstore::scale
