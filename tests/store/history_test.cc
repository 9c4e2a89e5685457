#include "stores.h"

#include <algorithm>
#include <random>
#include <set>

namespace ukstore::tests {
namespace {

class HistoryTest : public OnEveryStore {
 protected:
  // Commits made of nothing but their place in the graph.
  ObjectRef add(std::vector<ObjectRef> parents) {
    return store.commit_on("all", std::move(parents), std::to_string(made_++)).ref;
  }
  std::vector<Hash> bases(const ObjectRef& a, const ObjectRef& b) {
    std::vector<Hash> found;
    budget = {};
    for (const WalkedCommit& base : must(merge_bases(*must(store->commits()), a, b, budget))) {
      found.push_back(base.ref.hash);
    }
    std::ranges::sort(found);
    return found;
  }
  std::vector<Hash> sorted(std::vector<ObjectRef> refs) {
    std::vector<Hash> hashes;
    for (const ObjectRef& ref : refs) hashes.push_back(ref.hash);
    std::ranges::sort(hashes);
    return hashes;
  }
  std::vector<Hash> log(std::vector<ObjectRef> starts, LogOptions options = {}) {
    auto source = must(store->commits());
    budget = {};
    auto walk = must(Log::start(*source, starts, std::move(options), budget));
    std::vector<Hash> found;
    while (auto next = must(walk.next())) found.push_back(next->ref.hash);
    return found;
  }
  int made_ = 0;
  WalkBudget budget;
};
INSTANTIATE_TEST_SUITE_P(Each, HistoryTest, each_backend, backend_name);

TEST_P(HistoryTest, ALineHasTheOlderOfTwoAsItsBase) {
  ObjectRef a = add({}), b = add({a}), c = add({b});
  EXPECT_EQ(bases(b, c), sorted({b}));
  EXPECT_EQ(bases(c, a), sorted({a}));
  EXPECT_EQ(bases(c, c), sorted({c}));
  EXPECT_EQ(bases(add({}), c), std::vector<Hash>{});
}

TEST_P(HistoryTest, ACrissCrossHasBothBasesAndAnOctopusAll) {
  ObjectRef root = add({}), a = add({root}), b = add({root});
  ObjectRef ab = add({a, b}), ba = add({b, a}), above = add({ab});
  EXPECT_EQ(bases(above, ba), sorted({a, b}));
  ObjectRef c = add({root}), octopus = add({a, b, c}), other = add({c, b, a});
  EXPECT_EQ(bases(octopus, other), sorted({a, b, c}));
  EXPECT_EQ(bases(octopus, above), sorted({a, b}));
}

TEST_P(HistoryTest, ABaseBelowAnotherBaseIsNone) {
  ObjectRef a = add({}), b = add({a}), c = add({b});
  ObjectRef left = add({c, a}), right = add({c, b});
  EXPECT_EQ(bases(left, right), sorted({c}));
}

TEST_P(HistoryTest, MergeBasesStopsAtItsLimit) {
  ObjectRef tip = add({});
  ObjectRef root = tip;
  for (int i = 0; i < 50; ++i) tip = add({tip});
  WalkBudget small{.visits_max = 10};
  auto source = must(store->commits());
  EXPECT_EQ(failure(merge_bases(*source, tip, root, small)), Error::Kind::limit);
  WalkBudget enough{.visits_max = 60};
  EXPECT_TRUE(merge_bases(*source, tip, root, enough));
  EXPECT_EQ(enough.visits, 51u);
}

TEST_P(HistoryTest, WhatIsNoCommitOrNotThereIsRefused) {
  ObjectRef a = add({});
  auto source = must(store->commits());
  ObjectRef missing{hash_object(ObjectKind::commit, "x"), {}};
  EXPECT_EQ(failure(merge_bases(*source, a, missing, budget)), Error::Kind::not_found);
  ObjectRef tree = must(store->commit(a)).commit.tree;
  EXPECT_EQ(failure(merge_bases(*source, a, tree, budget)), Error::Kind::invalid);
}

TEST_P(HistoryTest, BasesAncestryAndJumpsEqualTheNaiveOnesOnRandomGraphs) {
  std::mt19937_64 random(42);
  for (int round = 0; round < 6; ++round) {
    std::vector<ObjectRef> commits;
    std::vector<std::set<size_t>> ancestors;  // with itself
    std::vector<std::vector<size_t>> parents;
    std::vector<uint64_t> generation;
    size_t width = 1 + random() % 6;
    for (size_t i = 0; i < 60; ++i) {
      std::set<size_t> chosen;
      for (size_t n = random() % 20 == 0 ? 0 : 1 + random() % 3; n > 0 && i > 0; --n) {
        chosen.insert(i - 1 - random() % std::min(i, 2 * width));
      }
      std::vector<ObjectRef> refs;
      std::set<size_t> above{i};
      uint64_t highest = 0;
      for (size_t p : chosen) {
        refs.push_back(commits[p]);
        above.insert(ancestors[p].begin(), ancestors[p].end());
        highest = std::max(highest, generation[p]);
      }
      commits.push_back(add(refs));
      ancestors.push_back(above);
      parents.emplace_back(chosen.begin(), chosen.end());
      generation.push_back(highest + 1);
    }
    if (round % 2) must(store->flush());
    auto source = must(store->commits());
    for (int pair = 0; pair < 150; ++pair) {
      size_t a = random() % commits.size(), b = random() % commits.size();
      std::vector<size_t> common;
      std::ranges::set_intersection(ancestors[a], ancestors[b], std::back_inserter(common));
      std::vector<ObjectRef> maximal;
      for (size_t x : common) {
        bool covered = std::ranges::any_of(
            common, [&](size_t y) { return y != x && ancestors[y].contains(x); });
        if (!covered) maximal.push_back(commits[x]);
      }
      ASSERT_EQ(bases(commits[a], commits[b]), sorted(maximal));
      ASSERT_EQ(must(is_ancestor(*source, commits[a], commits[b], budget)),
                ancestors[b].contains(a));
      // Down the line of highest parents, the smallest hash among equals.
      size_t at = b;
      uint64_t down_to = 1 + random() % generation[b];
      while (generation[at] > down_to) {
        std::vector<size_t> highest;
        for (size_t p : parents[at]) {
          if (generation[p] + 1 == generation[at]) highest.push_back(p);
        }
        at = *std::ranges::min_element(highest, {}, [&](size_t p) { return commits[p].hash; });
      }
      auto found = must(ancestor_at(*source, commits[b], down_to, budget));
      ASSERT_EQ(found.ref, commits[at]);
      ASSERT_EQ(found.generation, down_to);
    }
  }
}

TEST_P(HistoryTest, AnAncestorFarAwayIsFoundInFewSteps) {
  std::vector<ObjectRef> line{add({})};
  for (int i = 1; i < 1000; ++i) line.push_back(add({line.back()}));
  auto source = must(store->commits());
  for (size_t i : {0, 1, 511, 512, 700, 998, 999}) {
    WalkBudget steps;
    EXPECT_EQ(must(ancestor_at(*source, line.back(), i + 1, steps)).ref, line[i]);
    EXPECT_LE(steps.visits, 60u) << i;
    WalkBudget is;
    EXPECT_TRUE(must(is_ancestor(*source, line[i], line.back(), is)));
    EXPECT_LE(is.visits, 62u) << i;
  }
}

TEST_P(HistoryTest, TheLogGoesNewestFirstAndVisitsEachOnce) {
  ObjectRef a = add({}), b = add({a}), c = add({a}), d = add({b, c}), e = add({d});
  std::vector<Hash> middle = sorted({b, c});
  EXPECT_EQ(log({e, c}), (std::vector<Hash>{e.hash, d.hash, middle[0], middle[1], a.hash}));
  EXPECT_EQ(budget.visits, 5u);
  EXPECT_EQ(log({e}, {.hide = {b}}), (std::vector<Hash>{e.hash, d.hash, c.hash}));
  EXPECT_EQ(log({b}, {.hide = {e}}), std::vector<Hash>{});
  EXPECT_EQ(log({}), std::vector<Hash>{});
}

// ---- Paths.

class PathHistoryTest : public OnEveryStore {
 protected:
  std::vector<Hash> history(BytesView path, size_t limit = SIZE_MAX, BytesView branch = "main") {
    auto source = must(store->commits());
    std::vector<Hash> found;
    budget = {};
    for (const PathChange& change :
         must(path_history(*source, store.head(branch).ref, path, limit, budget))) {
      found.push_back(change.commit.ref.hash);
    }
    return found;
  }
  Head merge(BytesView into, BytesView from, BytesView with_tree_of) {
    Tree tree = must(store->branch_tree(with_tree_of));
    Head head;
    must(store->transact([&](Transaction& transaction) -> Result<void> {
      Head ours = store.head(into), theirs = store.head(from);
      auto commit =
          must(transaction.make_commit({.tree = tree, .parents = {ours.ref, theirs.ref}}));
      head = Head{{commit.ref.hash, {}}};
      return transaction.compare_and_set(RefKind::branch, into, ours, Head{commit.ref});
    }));
    return head;
  }
  WalkBudget budget;
};
INSTANTIATE_TEST_SUITE_P(Each, PathHistoryTest, each_backend, backend_name);

TEST_P(PathHistoryTest, ListsTheCommitsThatChangedAPathNewestFirst) {
  Hash one = store.set("main", "dir/a", "1").ref.hash;
  Hash two = store.set("main", "dir/b", "1").ref.hash;
  store.set("main", "other", "1");
  Hash three = store.set("main", "dir/a", "2").ref.hash;
  Hash gone = store.commit("main", [](const Tree& tree) { return tree.remove("dir/a"); }).ref.hash;
  EXPECT_EQ(history("dir/a"), (std::vector{gone, three, one}));
  EXPECT_EQ(history("dir"), (std::vector{gone, three, two, one}));
  EXPECT_EQ(history("dir/a", 1), std::vector{gone});
  EXPECT_EQ(budget.visits, 2u) << "the newest change is found without going on";
  EXPECT_EQ(history("nowhere"), std::vector<Hash>{});
  EXPECT_EQ(history("").size(), 5u);
}

TEST_P(PathHistoryTest, FollowsTheSideOfAMergeThatItTook) {
  store.set("main", "a", "1");
  Head fork = store.head("main");
  must(store->transact(set_branch("side", fork)));
  Hash ours = store.set("main", "a", "2").ref.hash;
  for (int i = 0; i < 10; ++i) store.set("side", "b", std::to_string(i));
  merge("main", "side", "main");
  EXPECT_EQ(history("a"), (std::vector{ours, fork.ref.hash}));
  EXPECT_LE(budget.visits, 4u) << "the other side is looked at once, at its tip";
  EXPECT_EQ(history("b"), std::vector<Hash>{}) << "the merge has not got it from anywhere";
}

TEST_P(PathHistoryTest, AMergeThatDiffersFromAllParentsIsAChange) {
  Head root = store.set("main", "a", "1");
  must(store->transact(set_branch("side", root)));
  Hash ours = store.set("main", "a", "2").ref.hash, theirs = store.set("side", "a", "3").ref.hash;
  store.set("third", "a", "4");
  Hash both = merge("main", "side", "third").ref.hash;
  auto found = history("a");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], both);
  EXPECT_EQ(std::set<Hash>(found.begin() + 1, found.end()),
            (std::set{ours, theirs, root.ref.hash}));
}

}  // namespace
}  // namespace ukstore::tests
