// Every n-th system call on the data file fails: no acknowledged commit is lost, the error says
// what it is, and after a failed commit nothing is written until the store is opened again.

#include <ukstore/store/lmdb_backend.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include "backend_workload.h"
#include "store_workload.h"

namespace ukstore::tests {
namespace {

using Fault = IoTap::Fault;
using Repeat = IoTap::Repeat;

struct Outcome {
  uint64_t begun = 0, acknowledged = 0;
  bool failed = false;     // the run was told so
  bool must_fail = false;  // a call failed that somebody waited for
};

Outcome run_with_fault(Workload& workload, const std::filesystem::path& store, uint64_t after,
                       Fault fault, Repeat repeat) {
  Outcome outcome;
  IoTap& tap = IoTap::of_this_process();
  tap.fail_after(after, fault, repeat);
  auto begins = [&](uint64_t commit) { outcome.begun = commit; };
  auto is_durable = [&](uint64_t commit) { outcome.acknowledged = commit; };
  auto wrong = workload.run(store, 12, {begins, is_durable});
  tap.stop_faults();
  outcome.failed = wrong.has_value();
  outcome.must_fail = tap.has_failed() && !tap.failed_growing();
  return outcome;
}

void fail_everywhere(Workload& workload, int step) {
  for (Fault fault : {Fault::eio, Fault::enospc, Fault::short_write}) {
    for (Repeat repeat : {Repeat::no, Repeat::yes}) {
      bool reached = true;
      for (uint64_t after = 0; reached; after += static_cast<uint64_t>(step)) {
        TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
        const auto store = directory.path() / "store";
        workload.create(store);
        Outcome outcome = run_with_fault(workload, store, after, fault, repeat);
        reached = IoTap::of_this_process().has_failed();
        EXPECT_EQ(outcome.failed, outcome.must_fail) << "call " << after;
        auto wrong = workload.verify(store, outcome.acknowledged, outcome.begun);
        ASSERT_FALSE(wrong) << *wrong << " when call " << after << " failed";
        auto ignore = [](uint64_t) {};
        wrong = workload.run(store, outcome.begun + 3, {ignore, ignore});
        ASSERT_FALSE(wrong) << "going on: " << *wrong;
        wrong = workload.verify(store, outcome.begun + 3, outcome.begun + 3);
        ASSERT_FALSE(wrong) << "after going on: " << *wrong;
      }
    }
  }
}

TEST(IoFault, OfABackendLosesNothingAcknowledged) {
  BackendWorkload workload;
  fail_everywhere(workload, count(5, 1));
}

TEST(IoFault, OfAStoreLosesNothingAcknowledged) {
  StoreWorkload workload;
  fail_everywhere(workload, count(5, 1));
}

// A write that failed may be on the disk all the same, and so may the meta page of a commit that
// failed: those who write after it must not overwrite the pages that it names.
TEST(IoFault, ThenAPowerCutLosesNothingAcknowledged) {
  // After the failure the same commits go to other pages, or overwriting would do no harm.
  class Workload : public BackendWorkload {
    Result<void> commit(Backend& backend, uint64_t number, Durability durability) override {
      if (!otherwise) return BackendWorkload::commit(backend, number, durability);
      auto write = backend.write();
      if (!write) return pass_on(write);
      if (auto ok = put_records(**write, number); !ok) return ok;
      if (auto ok = put_segments(**write, number); !ok) return ok;
      return (*write)->commit(durability);
    }

   public:
    bool otherwise = false;
  } workload;
  IoTap& tap = IoTap::of_this_process();
  int meta_pages = 0;
  for (uint64_t after = 0;; ++after) {
    TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
    const auto store = directory.path() / "store";
    workload.create(store);
    Recording recording{.before = read_file(store / "data.mdb")};
    auto begins = [&](uint64_t commit) {
      recording.commits.push_back({commit, tap.recorded(), SIZE_MAX});
    };
    auto is_durable = [&](uint64_t commit) {
      for (auto& mark : recording.commits) {
        if (mark.commit <= commit) mark.durable = std::min(mark.durable, tap.recorded());
      }
    };
    tap.start_recording();
    tap.fail_after(after, Fault::eio, Repeat::no);
    workload.otherwise = false;
    workload.run(store, 2, {begins, is_durable});
    workload.otherwise = true;
    tap.stop_faults();
    const bool reached = tap.has_failed();
    const size_t failed_at = tap.recorded();
    auto wrong = workload.run(store, 4, {begins, is_durable});
    recording.ops = tap.stop_recording();
    ASSERT_FALSE(wrong) << *wrong;
    if (!reached) break;
    if (tap.failed_kind() != IoOp::Kind::write_sync) continue;
    ++meta_pages;
    // What counts lies before the flush of the commit after.
    size_t flushes = 0, end = failed_at;
    while (flushes < 1 && end < recording.ops.size())
      flushes += recording.ops[end++].kind == IoOp::Kind::flush;
    recording.ops.resize(end);
    auto images = static_cast<size_t>(count(400, 4000));
    auto report = check_power_cuts(workload, recording, images, after);
    ASSERT_EQ(report.failures, 0u) << "call " << after << ": " << report.first_failures[0];
  }
  EXPECT_EQ(meta_pages, 2);
}

TEST(IoFault, IsToldByKindAndLeavesTheBackendReadOnly) {
  for (auto [fault, kind] :
       {std::pair(Fault::eio, Error::Kind::io), std::pair(Fault::enospc, Error::Kind::full)}) {
    TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
    LmdbOptions options{.path = directory.path() / "store",
                        .create = LmdbOptions::Create::yes,
                        .map_bytes = uint64_t{1} << 30};
    auto backend = open_lmdb_backend(options).value();
    {
      auto write = backend->write().value();
      ASSERT_TRUE(write->put("hmain", "old"));
      ASSERT_TRUE(write->commit(Durability::durable));
      write = backend->write().value();
      ASSERT_TRUE(write->put("hmain", "new"));
      IoTap::of_this_process().fail_after(1, fault, Repeat::no);
      auto failed = write->commit(Durability::durable);
      IoTap::of_this_process().stop_faults();
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().kind, kind);
    }
    EXPECT_EQ(backend->write().error().kind, Error::Kind::read_only);
    EXPECT_EQ(**backend->snapshot().value()->get("hmain"), "old");
    backend.reset();
    backend = open_lmdb_backend(options).value();
    EXPECT_EQ(**backend->snapshot().value()->get("hmain"), "old");
    EXPECT_TRUE(backend->write());
  }
}

}  // namespace
}  // namespace ukstore::tests
