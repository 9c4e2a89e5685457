// Many threads on one store: meant for TSan, which watches every access, and useful without.

#include <ukstore/store/history.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace ukstore {
namespace {

constexpr int kWriters = 64;
constexpr int kReaders = 4;
constexpr int kCommitsEach = 4;

enum class Medium { memory, lmdb };

class GroupCommitThreads : public testing::TestWithParam<std::tuple<Medium, Durability>> {
 protected:
  GroupCommitThreads() {
    std::string path = (std::filesystem::temp_directory_path() / "ukstore-threads-XXXXXX").string();
    if (!mkdtemp(path.data())) throw std::runtime_error("cannot make " + path);
    directory_ = path;
    std::unique_ptr<Backend> backend = make_memory_backend();
    if (std::get<0>(GetParam()) == Medium::lmdb) {
      backend =
          open_lmdb_backend({.path = directory_ / "s", .create = LmdbOptions::Create::yes}).value();
    }
    // Small enough that lazy transactions are flushed now and then on their way.
    store = Store::open(std::move(backend), {std::get<1>(GetParam()), 100'000}).value();
  }
  ~GroupCommitThreads() override {
    store.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  Result<void> append(Transaction& transaction, BytesView path, BytesView value) {
    auto head = transaction.head(RefKind::branch, "main");
    if (!head) return pass_on(head);
    auto tree = transaction.tree_of("main");
    if (!tree) return pass_on(tree);
    auto edited = tree->set(path, value);
    if (!edited) return pass_on(edited);
    CommitDraft draft{.tree = *edited};
    if (*head) draft.parents = {(*head)->ref};
    auto commit = transaction.make_commit(std::move(draft));
    if (!commit) return pass_on(commit);
    return transaction.compare_and_set(RefKind::branch, "main", *head, Head{commit->ref});
  }

  std::unique_ptr<Store> store;

 private:
  std::filesystem::path directory_;
};

std::string key_of(int writer, int i) {
  return "w" + std::to_string(writer) + "/" + std::to_string(i);
}

// One thread of each sort; failures are counted, as gtest's own reports would serialise the
// threads.
struct Counters {
  std::atomic<int> committed = 0, failed = 0, told = 0;
  std::atomic<bool> done = false;
};

void read_on(const Store& store, Counters& counters) {
  uint64_t generation = 0;
  while (!counters.done) {
    auto head = store.head(RefKind::branch, "main");
    if (!head || !*head) continue;
    auto commit = store.commit((*head)->ref);
    if (!commit || commit->commit.generation < generation) {
      ++counters.failed;
      continue;
    }
    generation = commit->commit.generation;
    auto tree = store.tree(*commit);
    if (!tree) {
      ++counters.failed;
      continue;
    }
    // Every commit added one key, so a tree that is a mix of two states would show.
    uint64_t keys = 0;
    auto ok = tree->scan("", "", Direction::forward, [&](BytesView, const Entry& entry) {
      auto child = tree->child(entry);
      keys += child ? child->count() : 0;
      return Flow::go_on;
    });
    if (!ok || keys != generation) ++counters.failed;
    auto source = store.commits();
    WalkBudget budget;
    if (!source || !ancestor_at(**source, (*head)->ref, 1, budget)) ++counters.failed;
    auto branch = store.branch_tree("main");
    auto journal = store.journal(0, 3, Direction::backward);
    if (!branch || !journal || journal->empty()) ++counters.failed;
  }
}

TEST_P(GroupCommitThreads, SixtyFourWritersOfOneBranchAllSucceed) {
  Counters counters;
  store->watch({.branch = "main"}, [&](const WatchEvent&) { ++counters.told; });
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kCommitsEach; ++i) {
        auto done = store->transact(
            [&](Transaction& transaction) { return append(transaction, key_of(writer, i), "v"); });
        ++(done ? counters.committed : counters.failed);
      }
    });
  }
  std::vector<std::thread> others;
  for (int i = 0; i < kReaders; ++i) others.emplace_back([&] { read_on(*store, counters); });
  others.emplace_back([&] {
    for (uint64_t seen = 0; seen < kWriters * kCommitsEach;) {
      auto grew = store->wait(seen, std::chrono::seconds(60));
      auto events = store->changes({.branch = "main", .path = "w1"}, seen, 10);
      if (!grew || !*grew || !events) ++counters.failed;
      seen = store->last_sequence().value_or(0);
    }
  });
  others.emplace_back([&] {
    while (!counters.done) {
      if (!store->flush()) ++counters.failed;
      store->unwatch(store->watch({}, [](const WatchEvent&) {}));
    }
  });
  for (std::thread& thread : threads) thread.join();
  counters.done = true;
  for (std::thread& thread : others) thread.join();

  EXPECT_EQ(counters.failed, 0);
  EXPECT_EQ(counters.committed, kWriters * kCommitsEach);
  EXPECT_EQ(counters.told, kWriters * kCommitsEach);
  EXPECT_EQ(store->last_sequence().value(), uint64_t{kWriters * kCommitsEach});
  Tree tree = store->branch_tree("main").value();
  for (int writer = 0; writer < kWriters; ++writer) {
    for (int i = 0; i < kCommitsEach; ++i) {
      EXPECT_EQ(tree.get(key_of(writer, i)).value(), "v") << key_of(writer, i);
    }
  }
}

// A tree prepared beforehand is edited on by its thread while others flush what it was committed
// with.
TEST_P(GroupCommitThreads, ThreadsGoOnWithTheirTreesWhileOthersFlushThem) {
  Counters counters;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 8; ++writer) {
    threads.emplace_back([&, writer] {
      Tree tree(store->objects());
      for (int i = 0; i < 30; ++i) {
        tree = tree.set(std::to_string(i), std::string(200, 'x')).value();
        auto done = store->transact([&](Transaction& transaction) -> Result<void> {
          auto commit = transaction.make_commit({.tree = tree});
          if (!commit) return pass_on(commit);
          std::string branch = "b" + std::to_string(writer);
          auto head = transaction.head(RefKind::branch, branch);
          if (!head) return pass_on(head);
          return transaction.compare_and_set(RefKind::branch, branch, *head, Head{commit->ref});
        });
        ++(done ? counters.committed : counters.failed);
      }
      if (tree.count() != 30 || tree.get("7").value() != std::string(200, 'x')) ++counters.failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.failed, 0);
  EXPECT_EQ(counters.committed, 8 * 30);
}

INSTANTIATE_TEST_SUITE_P(Each, GroupCommitThreads,
                         testing::Combine(testing::Values(Medium::memory, Medium::lmdb),
                                          testing::Values(Durability::durable, Durability::lazy)));

}  // namespace
}  // namespace ukstore
