// Branches and their transactions.  "I-n" names the line of Irmin's behaviours that a test covers.
#include <ukstore/tests/merge/repo_fixture.h>

#include <thread>

namespace ukstore::tests {
namespace {

using Repository = WithRepo;

TEST_F(Repository, HoldsWhatWasSetAndNothingBefore) {
  Branch main = branch("main");
  EXPECT_EQ(get(main, "notes/today"), std::nullopt);
  EXPECT_EQ(ok(main.head()), std::nullopt);  // I-13: an empty store has no head
  ok(main.set("notes/today", "hi"));
  EXPECT_EQ(get(main, "notes/today"), "hi");
  EXPECT_EQ(get(main, "notes"), std::nullopt);  // I-15: a directory is no file
  EXPECT_EQ(ok(repo->branches()), std::vector<Bytes>{"main"});
}

TEST_F(Repository, MakesNoCommitForTheValueThatIsThere) {  // I-1e, I-16
  Branch main = branch("main");
  auto first = ok(main.set("a", "1"));
  EXPECT_TRUE(first.commit);
  auto again = ok(main.set("a", "1"));
  EXPECT_FALSE(again.commit);
  EXPECT_EQ(again.head, first.head);
  EXPECT_FALSE(ok(main.remove("absent")).commit);
  EXPECT_FALSE(ok(main.transact([](Tx&) {})).commit);
}

TEST_F(Repository, KeepsMessageAuthorAndParents) {  // I-4, I-16
  Branch main = branch("main");
  auto one = ok(main.set("a", "1"));
  Signature author{"A U Thor <a@example.com>", 7, 60};
  auto two = ok(main.set("a", "2", {.message = "second", .author = author}));
  Commit commit = commit_of(*two.commit);
  EXPECT_EQ(commit.message, "second");
  EXPECT_EQ(commit.author, author);
  EXPECT_EQ(commit.parents, std::vector<ObjectRef>{*one.commit});
  EXPECT_EQ(commit.generation, 2u);
}

TEST_F(Repository, RefusesAValueAtTheTopOfABranch) {  // I-15
  auto set = branch("main").set("", "x");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, Error::Kind::invalid);
  EXPECT_EQ(get(branch("main"), ""), std::nullopt);
  ok(branch("main").set("a", "1"));
  ok(branch("main").remove(""));  // I-15: removing the top empties it
  EXPECT_TRUE(ok(branch("main").state()).tree().empty());
}

TEST_F(Repository, HidesAFileUnderADirectoryAndTheReverse) {  // I-1n, I-15
  Branch main = branch("main");
  ok(main.set("a", "file"));
  ok(main.set("a/b", "below"));
  EXPECT_EQ(get(main, "a"), std::nullopt);
  EXPECT_EQ(get(main, "a/b"), "below");
  ok(main.set("a", "file again"));
  EXPECT_EQ(get(main, "a/b"), std::nullopt);
  EXPECT_EQ(get(main, "a"), "file again");
}

TEST_F(Repository, DropsADirectoryWithItsLastEntry) {  // I-1c, I-3
  Branch main = branch("main");
  ok(main.set("a/b/c", "1"));
  ok(main.remove("a/b/c"));
  EXPECT_TRUE(ok(main.state()).tree().empty());
  EXPECT_TRUE(ok(ok(main.state()).list("")).empty());
}

TEST_F(Repository, KeepsASiblingOfWhatIsRemoved) {  // I-1b
  Branch main = branch("main");
  ok(main.set("a/b", "1"));
  ok(main.set("a/c", "2"));
  ok(main.remove("a/b"));
  EXPECT_EQ(get(main, "a/c"), "2");
}

TEST_F(Repository, ListsNamesInPages) {  // I-1h
  Branch main = branch("main");
  ok(main.transact([](Tx& tx) {
    for (const char* name : {"a", "b", "c", "d", "e"}) tx.set(std::string("dir/") + name, name);
  }));
  State state = ok(main.state());
  for (uint64_t page : {2, 3, 4, 5}) {
    std::vector<Bytes> all;
    Bytes from;
    for (;;) {
      auto names = ok(state.list("dir", from, page));
      for (auto& listed : names) all.push_back(listed.name);
      if (names.size() < page) break;
      from = all.back() + '\0';
    }
    EXPECT_EQ(all, (std::vector<Bytes>{"a", "b", "c", "d", "e"}));
  }
}

TEST_F(Repository, MakesATransactionOneCommitOrNothing) {  // property 27
  Branch main = branch("main");
  auto committed = ok(main.transact([](Tx& tx) {
    tx.set("a", "1");
    tx.set("b", "2");
    tx.at<Counter>("n").add(3);
  }));
  EXPECT_EQ(commit_of(*committed.commit).generation, 1u);
  auto failed = main.transact([](Tx& tx) {
    tx.set("a", "other");
    tx.set(BytesView("bad\0path", 8), "x");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(get(main, "a"), "1");
  EXPECT_EQ(head(main), *committed.commit);
}

TEST_F(Repository, ReadsItsOwnWritesWithinATransaction) {
  ok(branch("main").transact([](Tx& tx) {
    tx.set("a", "1");
    EXPECT_EQ(ok(tx.get("a")), "1");
    tx.set("a/b", "2");
    EXPECT_EQ(ok(tx.get("a")), std::nullopt);
    tx.at<Counter>("n").add(2);
    tx.at<Counter>("n").add(3);
    EXPECT_EQ(ok(tx.at<Counter>("n").value()), 5);
    tx.remove("a");
    EXPECT_EQ(ok(tx.get("a/b")), std::nullopt);
  }));
}

TEST_F(Repository, ForksAtTheHeadAndDiverges) {  // I-15
  Branch main = branch("main");
  ok(main.set("a", "1"));
  Branch draft = ok(main.fork("draft"));
  EXPECT_EQ(head(draft), head(main));
  ok(draft.set("a", "2"));
  EXPECT_EQ(get(main, "a"), "1");
  EXPECT_EQ(main.fork("draft").error().kind, Error::Kind::moved);
  ok(draft.drop());
  EXPECT_EQ(ok(draft.head()), std::nullopt);
}

TEST_F(Repository, RestoresValuesWhenTheHeadGoesBack) {  // I-15
  Branch main = branch("main");
  ObjectRef first = ok(main.set("a", "1")).head;
  ObjectRef second = ok(main.set("a", "2")).head;
  ok(main.move(second, first));
  EXPECT_EQ(get(main, "a"), "1");
  EXPECT_EQ(main.move(second, first).error().kind, Error::Kind::moved);
}

TEST_F(Repository, LandsEveryUpdateOfManyWriters) {  // I-19 to I-21
  constexpr int kWriters = 4, kWrites = 10;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < kWrites; ++i) {
        auto done = repo->branch("main").transact([&](Tx& tx) {
          tx.set("w" + std::to_string(w) + "/" + std::to_string(i), "x");
          tx.at<Counter>("n").add(1);
        });
        EXPECT_TRUE(done) << done.error().message;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  State state = ok(branch("main").state());
  EXPECT_EQ(ok(state.at<Counter>("n").value()), kWriters * kWrites);
  for (int w = 0; w < kWriters; ++w) {
    EXPECT_EQ(ok(state.list("w" + std::to_string(w))).size(), size_t{kWrites});
  }
}

TEST_F(Repository, MergesTwentyForksOfConcurrentWriters) {  // I-22
  Branch main = branch("main");
  ok(main.set("start", "0"));
  std::vector<Branch> forks;
  for (int i = 0; i < 20; ++i) forks.push_back(ok(main.fork("fork" + std::to_string(i))));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < forks.size(); i += 4) {
        ok(forks[i].set("k" + std::to_string(i), "v"));
        Branch into = repo->branch("main");
        ok(into.merge(forks[i]));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(main, "k" + std::to_string(i)), "v");
}

// ---- Updates outside the lock (I-27).  Another writer comes between in `meanwhile`.

class Updates : public WithRepo {
 protected:
  Result<Committed> update(UpdateOptions options, int interferences) {
    runs = 0;
    return branch("main").update(
        [&, interferences](Tx& tx) {
          if (runs++ < interferences) {
            ok(repo->branch("main").set("k", "other " + std::to_string(runs)));
          }
          tx.set("k", "mine");
        },
        std::move(options));
  }
  int runs = 0;
};

TEST_F(Updates, SetRunsOnTheNewestStateAndNeverFails) {
  ok(branch("main").set("k", "0"));
  ok(branch("main").update([](Tx& tx) { tx.set("k", "1"); }, {.strategy = Strategy::set}));
  EXPECT_EQ(get(branch("main"), "k"), "1");
}
TEST_F(Updates, TestAndSetWithoutRetriesLoses) {
  ok(branch("main").set("k", "0"));
  auto lost = update({.strategy = Strategy::test_and_set, .path = "k"}, 1);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, Error::Kind::moved);
  EXPECT_EQ(get(branch("main"), "k"), "other 1");
}
TEST_F(Updates, TestAndSetRunsAgainAsOftenAsItMay) {
  ok(branch("main").set("k", "0"));
  ok(update({.strategy = Strategy::test_and_set, .retries = 1, .path = "k"}, 1));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(get(branch("main"), "k"), "mine");
}
TEST_F(Updates, TestAndSetOfAPathDoesNotMindOtherPaths) {
  ok(branch("main").set("k", "0"));
  bool first = true;
  ok(branch("main").update(
      [&](Tx& tx) {
        if (std::exchange(first, false)) ok(repo->branch("main").set("elsewhere", "x"));
        tx.set("k", "mine");
      },
      {.strategy = Strategy::test_and_set, .path = "k"}));
  EXPECT_EQ(get(branch("main"), "k"), "mine");
  EXPECT_EQ(get(branch("main"), "elsewhere"), "x");
}
// Irmin's `Merge` reports a conflict with no retries left; here both values stay.
TEST_F(Updates, MergeKeepsBothValues) {
  ok(branch("main").set("k", "0"));
  ok(update({.strategy = Strategy::merge}, 1));
  EXPECT_EQ(runs, 1);
  auto value = ok(ok(branch("main").state()).value("k"));
  EXPECT_TRUE(value->is_conflict());
  EXPECT_EQ(value->live.size(), 2u);
}

// ---- Watches (I-29).

TEST_F(Repository, TellsWatchersOfABranchAndOfAPath) {
  int of_branch = 0, of_path = 0, of_other = 0;
  Branch main = branch("main");
  uint64_t id = main.watch([&](const WatchEvent&) { ++of_branch; });
  main.watch([&](const WatchEvent&) { ++of_path; }, "a");
  branch("other").watch([&](const WatchEvent&) { ++of_other; });
  main.watch([](const WatchEvent&) { throw std::runtime_error("a watcher of its own"); });
  ok(main.set("a/b", "1"));
  ok(main.set("c", "1"));
  EXPECT_EQ(of_branch, 2);
  EXPECT_EQ(of_path, 1);
  EXPECT_EQ(of_other, 0);
  repo->store().unwatch(id);
  ok(main.set("a/b", "2"));
  EXPECT_EQ(of_branch, 2);
  EXPECT_EQ(of_path, 2);
}

// ---- Undo: a move of the head, which redo moves back to the same commit.

TEST_F(Repository, UndoesAndRedoesToTheSameCommit) {
  Branch main = branch("main");
  ok(main.set("a", "1"));
  ObjectRef second = ok(main.set("a", "2")).head;
  ok(repo->store().undo());
  EXPECT_EQ(get(main, "a"), "1");
  ok(repo->store().redo());
  EXPECT_EQ(head(main), second);
}

TEST_F(Repository, RefusesWritesAfterClose) {  // I-2, I-6, I-15
  ok(branch("main").set("a", "1"));
  ok(repo->store().close());
  EXPECT_EQ(branch("main").set("a", "2").error().kind, Error::Kind::closed);
}

}  // namespace
}  // namespace ukstore::tests
