// Behaviours of Irmin's test suite that commits, branches and stores hold themselves to; the number
// is the line of the list in docs/testing-irmin.md.

#include <ukstore/store/slice.h>

#include "stores.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace ukstore::tests {
namespace {

class IrminStore : public OnEveryStore {
 protected:
  ObjectRef add(std::vector<ObjectRef> parents) {
    return store.commit_on("all", std::move(parents), std::to_string(made_++)).ref;
  }
  std::set<Hash> closure(std::vector<ObjectRef> max, std::vector<ObjectRef> min = {}) {
    std::set<Hash> all;
    for (const Hash& hash : log(std::move(max), {.stop_at = std::move(min)})) all.insert(hash);
    return all;
  }
  std::vector<Hash> log(std::vector<ObjectRef> starts, LogOptions options = {}) {
    auto source = must(store->commits());
    WalkBudget budget;
    auto walk = must(Log::start(*source, starts, std::move(options), budget));
    std::vector<Hash> found;
    while (auto next = must(walk.next())) found.push_back(next->ref.hash);
    return found;
  }
  static std::set<Hash> hashes(std::vector<ObjectRef> refs) {
    std::set<Hash> all;
    for (const ObjectRef& ref : refs) all.insert(ref.hash);
    return all;
  }
  std::set<Hash> lcas(const ObjectRef& a, const ObjectRef& b) {
    WalkBudget budget;
    std::set<Hash> found;
    for (const WalkedCommit& base : must(merge_bases(*must(store->commits()), a, b, budget))) {
      found.insert(base.ref.hash);
    }
    // One commit fewer than it takes is too few, as max_depth is in Irmin (which counts layers).
    WalkBudget short_of_it{.visits_max = budget.visits - 1};
    EXPECT_EQ(failure(merge_bases(*must(store->commits()), a, b, short_of_it)), Error::Kind::limit);
    return found;
  }
  // Moves a branch to a commit that has its head as an ancestor.
  Result<Receipt> fast_forward(const Bytes& branch, const ObjectRef& to,
                               uint64_t visits_max = UINT64_MAX) {
    return store->transact([&](Transaction& transaction) -> Result<void> {
      auto head = must(transaction.head(RefKind::branch, branch));
      WalkBudget budget{.visits_max = visits_max};
      auto ahead = is_ancestor(transaction.commits(), head->ref, to, budget);
      if (!ahead) return pass_on(ahead);
      if (!*ahead) return fail(Error::Kind::moved, "diverged");
      return transaction.compare_and_set(RefKind::branch, branch, head, Head{to});
    });
  }
  int made_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Each, IrminStore, each_backend, backend_name);

TEST_P(IrminStore, Line1l_ACommitWithTwoParentsShowsBoth) {
  ObjectRef a = add({}), b = add({}), c = add({a, b});
  StoredCommit commit = must(store->commit(c));
  EXPECT_EQ(std::set<Hash>({commit.commit.parents[0].hash, commit.commit.parents[1].hash}),
            hashes({a, b}));
}

TEST_P(IrminStore, Line2_TheSameValueHasOneNameAndIsStoredAsGiven) {
  Bytes value(500, 'v');
  store.set("main", "one", value);
  uint64_t written = store->objects().counts().written;
  store.set("main", "two", value);
  Tree tree = must(store->branch_tree("main"));
  EXPECT_EQ(must(tree.at("one"))->object, must(tree.at("two"))->object);
  EXPECT_EQ(store.get("main", "two"), value);
  EXPECT_LE(store->objects().counts().written, written + 4);
  must(store->close());
  EXPECT_EQ(failure(store->transact(set_branch("x", {}))), Error::Kind::closed);
}

TEST_P(IrminStore, Line4_CommitsOfOneContentHaveOneNameAndKeepTheirInfo) {
  Head tree_of = store.set("main", "a", "1");
  auto make = [&](BytesView message) {
    StoredCommit made;
    must(store->transact([&](Transaction& transaction) -> Result<void> {
      CommitDraft draft{.tree = must(transaction.tree_of("main")), .parents = {tree_of.ref}};
      draft.author = Signature{"A <a@b>", 7, 0};
      draft.message = Bytes(message);
      made = must(transaction.make_commit(std::move(draft)));
      return transaction.compare_and_set(
          RefKind::branch, made.commit.message,
          must(transaction.head(RefKind::branch, made.commit.message)), Head{made.ref});
    }));
    return made.ref.hash;
  };
  Hash first = make("m");
  EXPECT_EQ(make("m"), first);
  EXPECT_NE(make("n"), first);
  StoredCommit stored = must(store->commit({first, {}}));
  EXPECT_EQ(stored.commit.author, (Signature{"A <a@b>", 7, 0}));
  EXPECT_EQ(stored.commit.message, "m");
  EXPECT_EQ(closure({{first, {}}}), (std::set{first, tree_of.ref.hash}));
}

// Irmin also gives the commits that `min` names without reaching them from `max`; it says itself
// that they are never included, and so do we.
TEST_P(IrminStore, Line5_ClosuresOfDisconnectedCommits) {
  // a - b - c,  d - e - f,  g - h - i
  ObjectRef a = add({}), b = add({a}), c = add({b}), d = add({}), e = add({d}), f = add({e});
  ObjectRef g = add({}), h = add({g}), i = add({h});
  EXPECT_EQ(closure({c}, {a}), hashes({a, b, c}));
  EXPECT_EQ(closure({c, f}, {a, e}), hashes({a, b, c, e, f}));
  EXPECT_EQ(closure({c, f, i}), hashes({a, b, c, d, e, f, g, h, i}));
  EXPECT_EQ(closure({c}, {d}), hashes({a, b, c})) << "a min that is not an ancestor";
  EXPECT_EQ(closure({}, {a}), hashes({}));
  EXPECT_EQ(closure({b}, {b}), hashes({b}));
}

TEST_P(IrminStore, Line6_BranchesAreSetFoundOverwrittenListedAndRemoved) {
  Head one = store.set("a", "x", "1"), two = store.set("a", "x", "2");
  must(store->transact(set_branch("b", one)));
  EXPECT_EQ(store.head("b"), one);
  must(store->transact(set_branch("b", two)));
  EXPECT_EQ(store.head("b"), two);
  auto refs = must(store->refs(RefKind::branch));
  ASSERT_EQ(refs.size(), 2u);
  EXPECT_EQ(refs[0].first, "a");
  EXPECT_EQ(refs[1].first, "b");
  must(store->transact(set_branch("b", {})));
  EXPECT_EQ(must(store->head(RefKind::branch, "b")), std::nullopt);
  must(store->close());
  EXPECT_EQ(failure(store->transact(set_branch("b", one))), Error::Kind::closed);
}

TEST_P(IrminStore, Line8_MergingWithAnAncestorIsAFastForwardWithoutACommit) {
  ObjectRef a = add({}), b = add({a}), c = add({b});
  must(store->transact(set_branch("x", Head{a})));
  must(fast_forward("x", c));
  EXPECT_EQ(store.head("x").ref, c);
  Receipt nothing = must(fast_forward("x", c));
  EXPECT_EQ(nothing.sequence, 0u);
  EXPECT_EQ(lcas(a, c), hashes({a}));
}

TEST_P(IrminStore, Line9_WritingATreeReadEarlierDropsWhatCameBetween) {
  store.set("main", "a", "1");
  Tree early = must(store->branch_tree("main"));
  store.set("main", "b", "2");
  store.commit("main", [&](const Tree&) { return early.set("c", "3"); });
  EXPECT_EQ(store.get("main", "b"), std::nullopt)
      << "who bypasses the function's own tree loses updates";
  EXPECT_EQ(store.get("main", "c"), "3");
}

TEST_P(IrminStore, Line12_LcasOfALineADoubleLcaAndAGraphThatIsNotReduced) {
  ObjectRef k0 = add({}), k1 = add({k0}), k2 = add({k1}), k3 = add({k2});
  EXPECT_EQ(lcas(k1, k3), hashes({k1}));
  EXPECT_EQ(lcas(k3, k1), hashes({k1}));
  EXPECT_EQ(lcas(k0, k3), hashes({k0}));
  EXPECT_EQ(lcas(k3, k3), hashes({k3}));
  // Two merges of the same two commits.
  ObjectRef a = add({k0}), b = add({k0}), ab = add({a, b}), ba = add({b, a});
  EXPECT_EQ(lcas(ab, ba), hashes({a, b}));
  ObjectRef ab1 = add({ab}), ba1 = add({ba});
  EXPECT_EQ(lcas(ab1, ba1), hashes({a, b}));
  EXPECT_EQ(lcas(ab1, a), hashes({a}));
  // An edge that a longer path makes superfluous.
  ObjectRef x = add({k0}), y = add({x}), z = add({y, k0}), w = add({x, k0});
  EXPECT_EQ(lcas(z, w), hashes({x}));
  EXPECT_EQ(lcas(z, x), hashes({x}));
  EXPECT_EQ(lcas(add({}), z), hashes({}));
}

TEST_P(IrminStore, Line12_LastModifiedGivesTheNewestCommitsOfAPath) {
  Hash one = store.set("main", "a", "1").ref.hash;
  store.set("main", "b", "1");
  Hash two = store.set("main", "a", "2").ref.hash;
  Hash three = store.set("main", "a", "3").ref.hash;
  store.set("main", "b", "2");
  auto last = [&](BytesView path, size_t n, uint64_t visits_max = UINT64_MAX) {
    WalkBudget budget{.visits_max = visits_max};
    return path_history(*must(store->commits()), store.head("main").ref, path, n, budget);
  };
  auto commits = [&](Result<std::vector<PathChange>> found) {
    std::vector<Hash> all;
    for (const PathChange& change : must(found)) all.push_back(change.commit.ref.hash);
    return all;
  };
  EXPECT_EQ(commits(last("a", 1)), std::vector{three});
  EXPECT_EQ(commits(last("a", 2)), (std::vector{three, two}));
  EXPECT_EQ(commits(last("a", 3)), (std::vector{three, two, one}));
  EXPECT_EQ(commits(last("untouched", 1)), std::vector<Hash>{});
  EXPECT_EQ(failure(last("a", 3, 2)), Error::Kind::limit);
}

TEST_P(IrminStore, Line12_AFastForwardIsRefusedWhenDivergedOrTooFar) {
  ObjectRef a = add({}), b = add({a}), other = add({a}), top = b;
  for (int i = 0; i < 20; ++i) top = add({top});
  must(store->transact(set_branch("x", Head{b})));
  EXPECT_EQ(failure(fast_forward("x", other)), Error::Kind::moved);
  EXPECT_EQ(failure(fast_forward("x", top, 2)), Error::Kind::limit);
  EXPECT_EQ(store.head("x").ref, b);
  must(fast_forward("x", top));
  EXPECT_EQ(store.head("x").ref, top);
}

TEST_P(IrminStore, Line13_AnEmptyStoreHasNoHeadAndADetachedTreeEqualsOneOnABranch) {
  EXPECT_EQ(must(store->head(RefKind::branch, "main")), std::nullopt);
  Tree detached = must(must(store->branch_tree("main")).set("a/b", "1"));
  store.set("main", "a/b", "1");
  EXPECT_EQ(must(store->branch_tree("main")), detached);
}

TEST_P(IrminStore, Line15_HighLevelOperations) {
  store.set("main", "d/x", "1");
  Head before = store.set("main", "d/y", "2");
  must(store->transact(set_branch("clone", before)));
  EXPECT_EQ(store.get("clone", "d/x"), "1");
  store.set("clone", "d/x", "other");
  EXPECT_EQ(store.get("main", "d/x"), "1") << "a clone diverges";
  EXPECT_EQ(store.get("main", "d"), std::nullopt) << "a directory is no value";
  store.set("main", "d/x", "3");
  must(store->transact(set_branch("main", before)));
  EXPECT_EQ(store.get("main", "d/x"), "1") << "setting the head back restores values";
  store.commit("main", [](const Tree& tree) { return tree.remove("d"); });
  EXPECT_TRUE(must(store->branch_tree("main")).empty()) << "removal is recursive";
  store.set("main", "f", "file");
  store.set("main", "f/in", "x");
  EXPECT_EQ(store.get("main", "f"), std::nullopt) << "a directory hides the file";
  store.set("main", "f", "file");
  EXPECT_EQ(store.get("main", "f/in"), std::nullopt) << "and the reverse";
}

TEST_P(IrminStore, Line16_ASettingThatChangesNothingMakesNoEntryAndAChangeGivesItsCommit) {
  Head head = store.commit("main", [](const Tree& tree) { return tree.set("a", "1"); }, "why");
  EXPECT_EQ(must(store->commit(head.ref)).commit.message, "why");
  EXPECT_EQ(must(must(store->tree(must(store->commit(head.ref)))).get("a")), "1");
  Receipt same = must(store->transact(set_branch("main", head)));
  EXPECT_EQ(same.sequence, 0u);
  EXPECT_TRUE(same.changes.empty());
}

TEST_P(IrminStore, Line25_SlicesComeBackEqual) {
  ObjectRef a = add({}), b = add({a});
  store.set("main", "x", "1");
  SliceRequest request{
      .heads = {{RefKind::branch, "all", Head{b}}, {RefKind::branch, "main", store.head("main")}}};
  auto bytes_of = [&](const Store& from) {
    Bytes bytes;
    must(write_slice(from, request, [&](BytesView piece) -> Result<void> {
      bytes += piece;
      return {};
    }));
    return bytes;
  };
  Bytes bytes = bytes_of(*store);
  StoreUnderTest other(GetParam());
  BytesView left = bytes;
  AppliedSlice applied = must(apply_slice(*other, [&](std::span<char> to) -> Result<size_t> {
    size_t size = std::min(to.size(), left.size());
    std::memcpy(to.data(), left.data(), size);
    left.remove_prefix(size);
    return size;
  }));
  EXPECT_EQ(applied.heads, request.heads);
  EXPECT_EQ(bytes_of(*other), bytes);
}

// Irmin's strategies of with_tree.  `Set` is a function that ignores the head it finds;
// `Test_and_set` one that insists on a head; there are no retries, because functions run one after
// another on the newest head and need none.
TEST_P(IrminStore, Line27_SetTakesTheLastAndTestAndSetTellsTheLoser) {
  Head start = store.set("main", "k", "0");
  store.commit("main", [](const Tree& tree) { return tree.set("k", "1"); });
  store.commit("main", [](const Tree& tree) { return tree.set("k", "2"); });
  EXPECT_EQ(store.get("main", "k"), "2");
  auto loser = store->transact([&](Transaction& transaction) {
    return transaction.compare_and_set(RefKind::branch, "main", start, {});
  });
  EXPECT_EQ(failure(loser), Error::Kind::moved);
  int runs = 0;
  store.commit("main", [&](const Tree& tree) {
    ++runs;
    return tree.set("k", *must(tree.get("k")) + "!");
  });
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(store.get("main", "k"), "2!");
}

TEST_P(IrminStore, Line28_IterationOrderSkipMinAndMaxOnThreeGraphs) {
  // A line, a diamond, and two roots.
  ObjectRef a = add({}), b = add({a}), c = add({b});
  EXPECT_EQ(log({c}), (std::vector<Hash>{c.hash, b.hash, a.hash}));
  EXPECT_EQ(log({c}, {.stop_at = {b}}), (std::vector<Hash>{c.hash, b.hash}));
  auto skip = [](const ObjectRef& one) {
    return
        [one](const WalkedCommit& commit) { return commit.ref == one ? Step::skip : Step::take; };
  };
  EXPECT_EQ(log({c}, {.filter = skip(b)}), (std::vector<Hash>{c.hash}));
  ObjectRef left = add({a}), right = add({a}), top = add({left, right});
  EXPECT_EQ(log({top}, {.filter = skip(left)}), (std::vector<Hash>{top.hash, right.hash, a.hash}))
      << "what is below a skipped commit comes if it is reached otherwise";
  ObjectRef root = add({}), both = add({root, top});
  auto found = log({both});
  EXPECT_EQ(found.size(), 6u);
  // Reversed, parents come before their children.
  std::ranges::reverse(found);
  auto place = [&](const ObjectRef& ref) {
    return std::ranges::find(found, ref.hash) - found.begin();
  };
  EXPECT_LT(place(root), place(both));
  EXPECT_LT(place(a), place(left));
  EXPECT_LT(place(right), place(top));
}

// ---- Threads.  Irmin's handles on one branch are threads on one store here: a branch is a name.

class IrminThreads : public IrminStore {
 protected:
  template <class Do>
  static void in_threads(int count, Do&& work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (std::thread& thread : threads) thread.join();
  }
};
INSTANTIATE_TEST_SUITE_P(Each, IrminThreads, each_backend, backend_name);

TEST_P(IrminThreads, Line19_TenWritersAndReadersOfOneBranchAgree) {
  store.set("main", "k", "start");
  std::atomic<int> wrong = 0;
  in_threads(20, [&](int i) {
    if (i % 2)
      store.set("main", "k", "value");
    else if (auto value = store.get("main", "k"); value != "start" && value != "value")
      ++wrong;
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store.get("main", "k"), "value");
}

TEST_P(IrminThreads, Line20_TwentyWritersOfOneKeyAndOfTenAreAllThere) {
  in_threads(20, [&](int) {
    store.commit("main", [](const Tree& tree) -> Result<Tree> {
      Bytes old = must(tree.get("count")).value_or("");
      return tree.set("count", old + "x");
    });
  });
  EXPECT_EQ(store.get("main", "count"), Bytes(20, 'x'));
  in_threads(10, [&](int i) { store.set("main", "k" + std::to_string(i), "v"); });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(store.get("main", "k" + std::to_string(i)), "v");
}

TEST_P(IrminThreads, Line21_LoopsOfCompareAndSetLandEveryUpdate) {
  store.set("main", "count", "");
  in_threads(8, [&](int) {
    for (bool landed = false; !landed;) {
      Head seen = store.head("main");
      Tree tree = must(store->tree(must(store->commit(seen.ref))));
      Tree next = must(tree.set("count", *must(tree.get("count")) + "x"));
      auto done = store->transact([&](Transaction& transaction) -> Result<void> {
        auto commit = must(transaction.make_commit({.tree = next, .parents = {seen.ref}}));
        return transaction.compare_and_set(RefKind::branch, "main", seen, Head{commit.ref});
      });
      landed = done.has_value();
      if (!landed && done.error().kind != Error::Kind::moved)
        throw std::runtime_error(done.error().message);
    }
  });
  EXPECT_EQ(store.get("main", "count"), Bytes(8, 'x'));
}

TEST_P(IrminThreads, Line29_WatchersThatThrowDoNotKeepOthersFromBeingCalled) {
  std::atomic<int> called = 0, path_called = 0;
  auto throws = [&](const WatchEvent&) {
    ++called;
    throw std::runtime_error("watcher");
  };
  store->watch({.branch = "main"}, throws);
  store->watch({.branch = "main"}, [&](const WatchEvent&) { ++called; });
  store->watch({.branch = "main"}, throws);
  store->watch({.branch = "main", .path = "a"}, [&](const WatchEvent& event) {
    ++path_called;
    EXPECT_EQ(event.paths, std::vector<Bytes>{"a"});
    throw 1;
  });
  store->watch({.branch = "main", .path = "a"}, [&](const WatchEvent&) { ++path_called; });
  store.set("main", "a", "1");
  EXPECT_EQ(called, 3);
  EXPECT_EQ(path_called, 2);
  EXPECT_EQ(store->watch_failures(), 3u);
  store.set("main", "b", "1");
  EXPECT_EQ(called, 6);
  EXPECT_EQ(path_called, 2) << "another path wakes no watcher of this one";
}

TEST_P(IrminThreads, Line29_AHundredWatchersCountEveryAddUpdateAndRemoval) {
  std::atomic<int> added = 0, updated = 0, removed = 0;
  std::vector<uint64_t> ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(store->watch({}, [&](const WatchEvent& event) {
      ++(!event.change.before ? added : !event.change.after ? removed : updated);
    }));
  }
  for (int i = 0; i < 10; ++i) store.set("b" + std::to_string(i), "x", "1");
  for (int i = 0; i < 5; ++i) must(store->transact(set_branch("b" + std::to_string(i), {})));
  store.set("b9", "x", "2");
  EXPECT_EQ(added, 1000);
  EXPECT_EQ(removed, 500);
  EXPECT_EQ(updated, 100);
  for (uint64_t id : ids) store->unwatch(id);
  store.set("b9", "x", "3");
  EXPECT_EQ(updated, 100);
}

}  // namespace
}  // namespace ukstore::tests
