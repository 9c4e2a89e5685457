#pragma once
// A sequence of commits with content that can be told from its number alone, and the check of a
// store that some of them made.  Each layer brings its own; the crash tests are written once.

#include "power_cuts.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>

namespace ukstore::tests {

class Workload {
 public:
  virtual ~Workload() = default;

  struct Progress {
    std::function<void(uint64_t commit)> begins;
    // The commit, and all before it, survive a power cut from now on.
    std::function<void(uint64_t commit)> is_durable;
  };

  // Makes the store in `directory`, without commits.
  virtual void create(const std::filesystem::path& directory) = 0;
  // Opens the store, goes on from the commit that it holds to commit `last`, and closes it.  Stops
  // at the first failure and says it.
  virtual std::optional<std::string> run(const std::filesystem::path& directory, uint64_t last,
                                         const Progress& progress) = 0;
  // What is wrong with the store, which must hold exactly the commits 1 to n for one n of `least`
  // to `most`; nullopt if nothing.
  virtual std::optional<std::string> verify(const std::filesystem::path& directory, uint64_t least,
                                            uint64_t most) = 0;
};

Bytes read_file(const std::filesystem::path& path);

// The file system calls of `commits` commits on a new store.
Recording record(Workload& workload, uint64_t commits);

struct CrashReport {
  size_t images = 0;
  size_t failures = 0;
  std::vector<std::string> first_failures;
};

// Makes the images of a recording and checks each: the store opens and holds a state that it may,
// opens to the same once more, and goes on from there.
// With `own_process` each check runs in a child, whose death is a failure too: LMDB trusts its
// file, so the damage that a planted bug does may end the process.
enum class Isolation { none, own_process };
CrashReport check_power_cuts(Workload& workload, const Recording& recording, size_t images,
                             uint64_t seed, Isolation isolation = Isolation::none);

}  // namespace ukstore::tests
