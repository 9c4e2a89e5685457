// Every n-th allocation fails: the process goes on, whoever called is told (by an error or by
// std::bad_alloc), and no acknowledged commit is lost.

#include <ukstore/tests/counts.h>
#include <ukstore/tests/crash/backend_workload.h>
#include <ukstore/tests/crash/store_workload.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

#include <new>

#include "allocations.h"

namespace ukstore::tests {
namespace {

constexpr uint64_t kCommits = 6;

struct Outcome {
  uint64_t begun = 0, acknowledged = 0;
  bool told = false;
};

// Numbers are noted without allocating: the closures hold one reference.
Outcome run(Workload& workload, const std::filesystem::path& store, uint64_t after, bool& failed) {
  Outcome outcome;
  Workload::Progress progress{[&](uint64_t commit) { outcome.begun = commit; },
                              [&](uint64_t commit) { outcome.acknowledged = commit; }};
  fail_allocation(after);
  try {
    outcome.told = workload.run(store, kCommits, progress).has_value();
  } catch (const std::bad_alloc&) {
    outcome.told = true;
  }
  failed = stop_failing();
  return outcome;
}

void fail_everywhere(Workload& workload, int step) {
  bool failed = true;
  uint64_t failures = 0;
  for (uint64_t after = 0; failed; after += static_cast<uint64_t>(step)) {
    TemporaryDirectory directory(TemporaryDirectory::Where::in_memory);
    const auto store = directory.path() / "store";
    workload.create(store);
    Outcome outcome = run(workload, store, after, failed);
    failures += failed;
    // An allocation whose failure does no harm (a hint, a cache) need not be told.
    if (!outcome.told) {
      ASSERT_EQ(outcome.acknowledged, kCommits);
    }
    auto wrong = workload.verify(store, outcome.acknowledged, outcome.begun);
    ASSERT_FALSE(wrong) << *wrong << " when allocation " << after << " failed";
    auto ignore = [](uint64_t) {};
    wrong = workload.run(store, outcome.begun + 2, {ignore, ignore});
    ASSERT_FALSE(wrong) << "going on: " << *wrong;
    wrong = workload.verify(store, outcome.begun + 2, outcome.begun + 2);
    ASSERT_FALSE(wrong) << "after going on: " << *wrong;
  }
  EXPECT_GT(failures, 20u);
}

TEST(AllocationFault, OfABackendLosesNothingAcknowledged) {
  BackendWorkload workload;
  fail_everywhere(workload, count(3, 1));
}

TEST(AllocationFault, OfAStoreLosesNothingAcknowledged) {
  StoreWorkload workload;
  fail_everywhere(workload, count(29, 1));
}

}  // namespace
}  // namespace ukstore::tests
