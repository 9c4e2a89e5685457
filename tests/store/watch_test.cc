#include "stores.h"

#include <ukstore/store/lmdb_backend.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace ukstore::tests {
namespace {

using namespace std::chrono_literals;

class WatchTest : public OnEveryStore {
 protected:
  std::vector<Bytes> names(const WatchFilter& filter, uint64_t after = 0, size_t limit = 100) {
    std::vector<Bytes> found;
    for (const WatchEvent& event : must(store->changes(filter, after, limit))) {
      found.push_back(std::to_string(event.sequence) + event.change.name);
    }
    return found;
  }
};
INSTANTIATE_TEST_SUITE_P(Each, WatchTest, each_backend, backend_name);
using Names = std::vector<Bytes>;

TEST_P(WatchTest, ChangesComeFromTheJournalInOrderAndResume) {
  store.set("a", "x", "1");
  store.set("b", "x", "1");
  store.set("a", "x", "2");
  must(store->transact(set_branch("b", {})));
  EXPECT_EQ(names({}), (Names{"1a", "2b", "3a", "4b"}));
  EXPECT_EQ(names({}, 2), (Names{"3a", "4b"}));
  EXPECT_EQ(names({}, 0, 2), (Names{"1a", "2b"}));
  EXPECT_EQ(names({.branch = "b"}), (Names{"2b", "4b"}));
  EXPECT_EQ(names({.branch = "c"}), Names{});
  store.reopen();
  EXPECT_EQ(names({.branch = "a"}, 1), (Names{"3a"}));
}

TEST_P(WatchTest, APathIsWokenOnlyByWhatDiffersAtItOrBelow) {
  store.set("main", "dir/a", "1");
  store.set("main", "other", "1");
  store.commit("main", [](const Tree& tree) {
    return PathEdits().set("dir/b", "1").set("dir/sub/c", "2").set("x", "3").apply_to(tree);
  });
  store.commit("main", [](const Tree& tree) { return tree.set("dir", "now a file"); });
  WatchFilter filter{.branch = "main", .path = "dir"};
  auto events = must(store->changes(filter, 0, 100));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].paths, (Names{"dir/a"}));
  EXPECT_EQ(events[1].sequence, 3u);
  EXPECT_EQ(events[1].paths, (Names{"dir/b", "dir/sub/c"}));
  EXPECT_EQ(events[2].paths, (Names{"dir", "dir/a", "dir/b", "dir/sub/c"}));
}

TEST_P(WatchTest, TheEventsOfOneEntryComeTogether) {
  Head a = store.set("a", "x", "1");
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    for (BytesView name : {"b", "c", "d"}) {
      if (auto ok = transaction.compare_and_set(RefKind::branch, name, {}, a); !ok) return ok;
    }
    return {};
  }));
  EXPECT_EQ(names({}, 0, 2), (Names{"1a"}));
  EXPECT_EQ(names({}, 1, 2), (Names{"2b", "2c", "2d"}));
}

TEST_P(WatchTest, AWatchedPathIsCutAtItsLimit) {
  store.commit("main", [](const Tree& tree) {
    PathEdits edits;
    for (int i = 0; i < 1500; ++i) edits.set("dir/" + std::to_string(i), "x");
    return edits.apply_to(tree);
  });
  auto events = must(store->changes({.branch = "main", .path = "dir"}, 0, 10));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].paths.size(), kWatchPathsMax);
}

TEST_P(WatchTest, WaitingEndsWithACommitOfAnotherThreadOrItsTime) {
  EXPECT_FALSE(must(store->wait(0, 1ms)));
  std::thread writer([&] { store.set("main", "a", "1"); });
  EXPECT_TRUE(must(store->wait(0, 60s)));
  writer.join();
  EXPECT_TRUE(must(store->wait(0, 0ms)));
  EXPECT_FALSE(must(store->wait(1, 0ms)));
}

TEST_P(WatchTest, CallbacksComeAfterTheTransactionIsSeen) {
  std::optional<Head> seen;
  store->watch({.branch = "main"}, [&](const WatchEvent& event) {
    seen = event.change.after;
    EXPECT_EQ(store.head("main"), *event.change.after);
  });
  Head head = store.set("main", "a", "1");
  EXPECT_EQ(seen, head);
}

TEST_P(WatchTest, ACallbackMayCommitAndEndItself) {
  uint64_t id = 0;
  int calls = 0;
  id = store->watch({.branch = "main"}, [&](const WatchEvent&) {
    ++calls;
    store.set("log", "calls", std::to_string(calls));
    store->unwatch(id);
    store.set("main", "a", "from within");
  });
  store.set("main", "a", "1");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(store.get("log", "calls"), "1");
  EXPECT_EQ(store.get("main", "a"), "from within");
}

// Two processes on one store: nobody tells the waiting one, so it has to look.
TEST(WatchAcrossProcesses, WaitingSeesACommitOfAnotherProcess) {
  TemporaryDirectory directory;
  auto open = [&] {
    return must(Store::open(must(open_lmdb_backend(
        {.path = directory.path() / "store", .create = LmdbOptions::Create::yes}))));
  };
  open();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    char go = 0;
    if (read(ready[0], &go, 1) != 1) _exit(2);
    auto store = open();
    auto done = store->transact([](Transaction& transaction) -> Result<void> {
      auto commit = transaction.make_commit({.tree = Tree(transaction.objects())});
      if (!commit) return pass_on(commit);
      return transaction.compare_and_set(RefKind::branch, "main", {}, Head{commit->ref});
    });
    _exit(done ? 0 : 1);
  }
  auto store = open();
  ASSERT_EQ(write(ready[1], "g", 1), 1);
  EXPECT_TRUE(must(store->wait(0, 60s)));
  EXPECT_TRUE(must(store->head(RefKind::branch, "main")).has_value());
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  close(ready[0]);
  close(ready[1]);
}

// While lazy transactions wait here, nobody else moves the heads that they build on.
TEST(LazyAcrossProcesses, AnotherWriterIsToldWhoHoldsTheStoreUntilTheFlush) {
  TemporaryDirectory directory;
  auto open = [&] {
    return must(Store::open(must(open_lmdb_backend({.path = directory.path() / "store",
                                                    .create = LmdbOptions::Create::yes,
                                                    .lock_timeout = 10ms})),
                            {.durability = Durability::lazy}));
  };
  open();
  int there[2], back[2];
  ASSERT_EQ(pipe(there), 0);
  ASSERT_EQ(pipe(back), 0);
  pid_t child = fork();
  if (child == 0) {
    close(there[1]);
    auto store = open();
    for (char answer = 0;;) {
      if (read(there[0], &answer, 1) != 1) _exit(0);
      auto done =
          store->transact([](Transaction& transaction) { return transaction.put_record("k", "v"); },
                          {.durability = Durability::durable});
      answer = done ? 'y' : done.error().kind == Error::Kind::locked ? 'l' : 'n';
      if (write(back[1], &answer, 1) != 1) _exit(1);
    }
  }
  close(there[0]);
  auto ask = [&] {
    char answer = 0;
    if (write(there[1], "?", 1) != 1 || read(back[0], &answer, 1) != 1) return '!';
    return answer;
  };
  auto store = open();
  EXPECT_EQ(ask(), 'y');
  must(store->transact(
      [](Transaction& transaction) { return transaction.put_record("mine", "1"); }));
  EXPECT_EQ(ask(), 'l');
  must(store->flush());
  EXPECT_EQ(ask(), 'y');
  EXPECT_EQ(must(store->record("k")), "v");
  close(there[1]);
  waitpid(child, nullptr, 0);
  close(back[0]);
  close(back[1]);
}

}  // namespace
}  // namespace ukstore::tests
