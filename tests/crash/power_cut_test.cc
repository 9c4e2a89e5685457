// Power cuts: every state that the disk may be left in holds every acknowledged commit and no half
// one.

#include "backend_workload.h"
#include "store_workload.h"

#include <ukstore/store/index_run.h>
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

TEST(PowerCut, LeavesEveryAcknowledgedCommitOfAStoreAndNoHalfOne) {
  StoreWorkload workload;
  Recording recording = record(workload, 100);
  CrashReport report = check_power_cuts(workload, recording, images(), 5);
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

// A manifest of the index from a transaction that came before the segments it speaks of.
TEST(PowerCut, AnIndexAheadOfItsSegmentsIsFound) {
  class AheadBackend final : public Backend {
   public:
    explicit AheadBackend(std::unique_ptr<Backend> below) : below_(std::move(below)) {}
    Result<std::unique_ptr<Snapshot>> snapshot() const override { return below_->snapshot(); }
    Result<std::optional<BytesView>> segment(uint64_t number) const override {
      return below_->segment(number);
    }
    Result<std::unique_ptr<Write>> write() override {
      auto write = below_->write();
      if (!write) return write;
      IndexManifest ahead{.mark = (*write)->last_segment().value() + 1};
      auto put = (*write)->put(record_key(kIndexPrefix), ahead.encode());
      if (!put) return pass_on(put);
      if (auto ok = (*write)->commit(Durability::durable); !ok) return pass_on(ok);
      return below_->write();
    }
    Result<std::unique_ptr<WriterHold>> hold() override { return below_->hold(); }
    std::string_view name() const override { return below_->name(); }
    uint64_t size_bytes() const override { return below_->size_bytes(); }

   private:
    std::unique_ptr<Backend> below_;
  };
  class Ahead : public StoreWorkload {
    std::unique_ptr<Backend> wrap(std::unique_ptr<Backend> backend) override {
      return std::make_unique<AheadBackend>(std::move(backend));
    }
  };
  Ahead bug;
  Recording recording = record(bug, 20);
  StoreWorkload sound;
  CrashReport report = check_power_cuts(sound, recording, 100, 6, Isolation::own_process);
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
