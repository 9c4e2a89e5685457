// A writer that is killed at any moment loses nothing that it has acknowledged.

#include <ukstore/tests/counts.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "backend_workload.h"
#include "store_workload.h"

namespace ukstore::tests {
namespace {

// A child that commits without end and says so on a pipe, one number an acknowledged commit.
class Writer {
 public:
  Writer(Workload& workload, const std::filesystem::path& directory) {
    int ends[2];
    if (pipe(ends) != 0 || (child_ = fork()) < 0) throw std::runtime_error("cannot fork");
    if (child_ == 0) {
      close(ends[0]);
      auto acknowledge = [&](uint64_t commit) {
        if (write(ends[1], &commit, sizeof commit) != sizeof commit) _exit(2);
      };
      workload.run(directory, UINT64_MAX, {[](uint64_t) {}, acknowledge});
      _exit(3);
    }
    close(ends[1]);
    acknowledged_ = ends[0];
  }
  ~Writer() { close(acknowledged_); }

  // Waits for that many acknowledgements, then up to so long for another, kills the child, and
  // returns the last commit that it acknowledged; nullopt if it did not die of that.
  std::optional<uint64_t> kill_after(int acknowledgements, int microseconds) {
    uint64_t last = 0;
    for (int i = 0; i < acknowledgements; ++i) {
      if (read(acknowledged_, &last, sizeof last) != sizeof last) return std::nullopt;
    }
    pollfd wait{acknowledged_, POLLIN, 0};
    timespec time{0, microseconds * 1000L};
    ppoll(&wait, 1, &time, nullptr);
    kill(child_, SIGKILL);
    int status = 0;
    waitpid(child_, &status, 0);
    uint64_t further = 0;
    while (read(acknowledged_, &further, sizeof further) == sizeof further) last = further;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return std::nullopt;
    return last;
  }

 private:
  pid_t child_ = 0;
  int acknowledged_ = -1;
};

void kill_again_and_again(Workload& workload, int kills) {
  std::mt19937_64 random(11);
  TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
  const auto store = directory.path() / "store";
  uint64_t acknowledged = 0;
  workload.create(store);
  for (int i = 0; i < kills; ++i) {
    // A new store now and then, or the checks would grow without end.
    if (acknowledged > 150) {
      std::filesystem::remove_all(store);
      workload.create(store);
      acknowledged = 0;
    }
    Writer writer(workload, store);
    auto last =
        writer.kill_after(static_cast<int>(random() % 5), static_cast<int>(random() % 3000));
    ASSERT_TRUE(last) << "the writer ended by itself";
    acknowledged = std::max(acknowledged, *last);
    auto wrong = workload.verify(store, acknowledged, UINT64_MAX);
    ASSERT_FALSE(wrong) << *wrong << " after kill " << i;
  }
}

TEST(Kill, LosesNoAcknowledgedCommitOfABackend) {
  BackendWorkload workload;
  kill_again_and_again(workload, count(30, 1000));
}

TEST(Kill, LosesNoAcknowledgedCommitOfAStore) {
  StoreWorkload workload;
  kill_again_and_again(workload, count(30, 1000));
}

}  // namespace
}  // namespace ukstore::tests
