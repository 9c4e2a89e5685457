// Power cuts: every state that the disk may be left in holds every acknowledged commit and no half
// one.

#include "backend_workload.h"

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/records.h>
#include <ukstore/tests/counts.h>

#include <gtest/gtest.h>

namespace ukstore::tests {
namespace {

size_t images() { return static_cast<size_t>(count(500, 10'000)); }

std::string text(const CrashReport& report) {
  std::string all =
      std::to_string(report.failures) + " of " + std::to_string(report.images) + " images";
  for (auto& failure : report.first_failures) all += "\n  " + failure;
  return all;
}

TEST(PowerCut, LeavesEveryAcknowledgedCommitOfABackendAndNoHalfOne) {
  BackendWorkload workload;
  Recording recording = record(workload, 100);
  CrashReport report = check_power_cuts(workload, recording, images(), 1);
  EXPECT_EQ(report.failures, 0u) << text(report);
  EXPECT_GE(report.images, images());
}

// The tests of the test: planted bugs must be found.

TEST(PowerCut, ASkippedFlushIsFound) {
  class Forgetful : public BackendWorkload {
    Result<void> commit(Backend& backend, uint64_t number, Durability durability) override {
      IoTap& tap = IoTap::of_this_process();
      if (number == 20) tap.set_flushes(IoTap::Flushes::skipped);
      auto ok = BackendWorkload::commit(backend, number, durability);
      tap.set_flushes(IoTap::Flushes::kept);
      return ok;
    }
  };
  Forgetful workload;
  Recording recording = record(workload, 25);
  CrashReport report = check_power_cuts(workload, recording, 100, 2, Isolation::own_process);
  EXPECT_GT(report.failures, 0u);
}

TEST(PowerCut, HeadsMovedBeforeTheirSegmentsAreFound) {
  class HeadsFirst : public BackendWorkload {
    Result<void> commit(Backend& backend, uint64_t number, Durability durability) override {
      {
        auto write = backend.write().value();
        if (auto ok = put_records(*write, number); !ok) return ok;
        if (auto ok = write->commit(durability); !ok) return ok;
      }
      auto write = backend.write().value();
      if (auto ok = put_segments(*write, number); !ok) return ok;
      return write->commit(durability);
    }
  };
  HeadsFirst workload;
  Recording recording = record(workload, 25);
  CrashReport report = check_power_cuts(workload, recording, 100, 3, Isolation::own_process);
  EXPECT_GT(report.failures, 0u);
}

// A lazy commit may be lost; the store and what is older may not.
TEST(PowerCut, LosesAtMostTheLazyCommitsThatNoDurableOneFollowed) {
  class Lazy : public BackendWorkload {
    Result<void> commit(Backend& backend, uint64_t number, Durability) override {
      return BackendWorkload::commit(backend, number,
                                     number % 10 == 0 ? Durability::durable : Durability::lazy);
    }

   public:
    std::optional<std::string> run(const std::filesystem::path& directory, uint64_t last,
                                   const Progress& progress) override {
      auto is_durable = [&](uint64_t commit) {
        if (commit % 10 == 0) progress.is_durable(commit);
      };
      return BackendWorkload::run(directory, last, {progress.begins, is_durable});
    }
  };
  Lazy workload;
  Recording recording = record(workload, 40);
  CrashReport report = check_power_cuts(workload, recording, images() / 2, 4);
  EXPECT_EQ(report.failures, 0u) << text(report);
}

}  // namespace
}  // namespace ukstore::tests
