#pragma once
// What the benchmarks of the store are run on: seeded, the same for ours and the peers.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ukstore::bench {

constexpr size_t kKeys = 1'000'000;
constexpr size_t kKeyBytes = 16;
constexpr size_t kValueBytes = 32;

// `n` distinct keys of kKeyBytes hex digits, sorted.
std::vector<std::string> sorted_keys(size_t n = kKeys);

// A value of kValueBytes random bytes; another one for each number.
std::string value(uint64_t number);

// `n` indices below `below`, at random and seeded.
std::vector<uint32_t> random_indices(size_t n, size_t below = kKeys);

// Whether this is a quick round (UKSTORE_BENCH_QUICK=1): fewer repetitions, the same data.
bool quick();

// Bytes that this process has handed to write calls so far (wchar of /proc/self/io).
uint64_t written_bytes();

// CPU time of this process so far, all threads.
double cpu_seconds();

// Writes to this much memory once and gives it back.  A virtual machine gets memory from its host
// at the first touch, which costs more than the kernel's own work: 0.8 to 2.4 s a GiB were seen
// against 0.3 once touched.  A benchmark whose files take new pages of the cache would measure the
// host; a second or two later the host may have taken the memory back, so this comes last before
// the loop.
void touch_memory(size_t bytes);
constexpr size_t kTouchedBytes = size_t{512} << 20;

// An empty folder, removed with all that is in it; below TMPDIR or else /var/tmp, which is a disk.
class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ukstore::bench
