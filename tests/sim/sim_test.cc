// Whole clusters, simulated: they converge, keep what they acknowledged, and come to rest.

#include <ukstore/merge/store_graph.h>
#include <ukstore/tests/counts.h>

#include <gtest/gtest.h>

#include "cluster.h"

namespace ukstore::tests {
namespace {

// 100 seeds in the release preset, where they take seconds; a few under the sanitizers.
#ifdef __SANITIZE_ADDRESS__
constexpr int kSeeds = 6, kLockstepSeeds = 2;
#else
constexpr int kSeeds = 100, kLockstepSeeds = 10;
#endif

ClusterOptions size_for(uint64_t seed) { return {.nodes = 3 + seed % 6}; }

TEST(Sim, ClustersConvergeKeepWhatTheyPromisedAndRest) {
  const uint64_t seeds = static_cast<uint64_t>(count(kSeeds, 1000));
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    Cluster cluster(seed, size_for(seed));
    auto wrong = cluster.run();
    if (wrong) ADD_FAILURE() << "seed " << seed << ": " << *wrong << "\n" << cluster.trace();
  }
}

TEST(Sim, NodesInLockstepComeToRestToo) {
  const uint64_t seeds = static_cast<uint64_t>(count(kLockstepSeeds, 200));
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    ClusterOptions options = size_for(seed);
    options.delay.min = options.delay.max;
    Cluster cluster(seed, std::move(options));
    auto wrong = cluster.run();
    if (wrong) ADD_FAILURE() << "seed " << seed << ": " << *wrong << "\n" << cluster.trace();
  }
}

struct Ran {
  std::optional<std::string> wrong;
  std::string trace;
  uint64_t bytes;
};
Ran run(uint64_t seed, ClusterOptions options) {
  Cluster cluster(seed, std::move(options));
  auto wrong = cluster.run();
  return {wrong, cluster.trace(), cluster.bytes()};
}

TEST(Sim, ASeedReplaysExactly) {
  for (uint64_t seed : {7, 8}) {
    const Ran first = run(seed, size_for(seed)), second = run(seed, size_for(seed));
    EXPECT_EQ(first.trace, second.trace);
    EXPECT_EQ(first.bytes, second.bytes);
  }
}

// ---- Planted bugs: each is found within a few seeds.

struct Sides {
  StoredCommit ours, theirs;
  Tree our_tree, their_tree;
};
Result<std::optional<Sides>> sides(Transaction& transaction, const Bytes& branch,
                                   const ObjectRef& theirs) {
  auto head = transaction.head(RefKind::branch, branch);
  if (!head) return pass_on(head);
  if (!*head || (*head)->ref == theirs) return std::nullopt;
  auto ours = transaction.commit_at((*head)->ref), other = transaction.commit_at(theirs);
  if (!ours) return pass_on(ours);
  if (!other) return pass_on(other);
  auto our_tree = transaction.tree_at(*ours), their_tree = transaction.tree_at(*other);
  if (!our_tree) return pass_on(our_tree);
  if (!their_tree) return pass_on(their_tree);
  return Sides{*ours, *other, *our_tree, *their_tree};
}

Result<MergeOutcome> take(Transaction& transaction, const Bytes& branch, const ObjectRef& head) {
  auto now = transaction.head(RefKind::branch, branch);
  if (!now) return pass_on(now);
  auto ok =
      transaction.compare_and_set(RefKind::branch, branch, *now, Head{head, ObjectKind::commit});
  if (!ok) return pass_on(ok);
  return MergeOutcome{.how = MergeOutcome::How::fast_forward, .head = head};
}

Result<MergeOutcome> honest(Transaction& transaction, const Bytes& branch,
                            const ObjectRef& theirs) {
  static const TypeRegistry types;
  static const MergeBudget budget;
  static const Writers writers(random_replica_id, {});
  return MergeIntoBranch(transaction, types, budget, writers, branch).run(theirs, {});
}

// A merge commit of the two heads, made by `draft`.
template <class Draft>
Result<MergeOutcome> merge_by(Transaction& transaction, const Bytes& branch,
                              const ObjectRef& theirs, const Draft& draft) {
  auto both = sides(transaction, branch, theirs);
  if (!both) return pass_on(both);
  if (!*both) return honest(transaction, branch, theirs);
  WalkBudget budget;
  auto above = is_ancestor(transaction.commits(), (*both)->ours.ref, theirs, budget);
  auto below = is_ancestor(transaction.commits(), theirs, (*both)->ours.ref, budget);
  if (!above) return pass_on(above);
  if (!below) return pass_on(below);
  if (*above || *below) return honest(transaction, branch, theirs);
  StoreGraph graph(transaction.commits());
  auto ours = graph.commit((*both)->ours.ref), other = graph.commit(theirs);
  if (!ours) return pass_on(ours);
  if (!other) return pass_on(other);
  const TypeRegistry types;
  MergeEngine engine(graph, types, {}, (*both)->our_tree.arena());
  auto made = draft(**both, engine, *ours, *other);
  if (!made) return pass_on(made);
  auto commit = transaction.make_commit(std::move(*made));
  if (!commit) return pass_on(commit);
  return take(transaction, branch, commit->ref);
}

enum class Pace { random, lockstep };

void expect_found(const char* what, MergeFunction merge, Pace pace = Pace::random) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ClusterOptions options = size_for(seed);
    options.intake.merge = merge;
    // Merges of merges without end, as some of these make them, take long to check.
    options.intake.check = {};
    if (pace == Pace::lockstep) {
      options.delay.min = options.delay.max;
      options.nodes = 3;
      options.steps = 8;
    }
    if (auto wrong = run(seed, std::move(options)).wrong) {
      std::printf("%s: found with seed %d: %s\n", what, static_cast<int>(seed), wrong->c_str());
      return;
    }
  }
  ADD_FAILURE() << what << " is not found";
}

TEST(Sim, AMergeWithoutTheRuleOfRestIsFound) {
  expect_found("no rule of rest",
               [](Transaction& transaction, const Bytes& branch, const ObjectRef& theirs) {
                 return merge_by(transaction, branch, theirs,
                                 [](const Sides& both, MergeEngine& engine, const GraphCommit& ours,
                                    const GraphCommit& other) -> Result<CommitDraft> {
                                   auto tree = engine.merge(ours, other);
                                   if (!tree) return pass_on(tree);
                                   return CommitDraft{.tree = *tree,
                                                      .parents = {both.ours.ref, both.theirs.ref},
                                                      .canonical_merge = true};
                                 });
               });
}

TEST(Sim, AMergeWhoseBytesDependOnTheOrderOfItsParentsIsFound) {
  expect_found(
      "unsorted parents",
      [](Transaction& transaction, const Bytes& branch, const ObjectRef& theirs) {
        return merge_by(transaction, branch, theirs,
                        [](const Sides& both, MergeEngine& engine, const GraphCommit& ours,
                           const GraphCommit& other) -> Result<CommitDraft> {
                          auto tree = engine.merge(ours, other);
                          if (!tree) return pass_on(tree);
                          return CommitDraft{.tree = *tree,
                                             .parents = {both.ours.ref, both.theirs.ref},
                                             .headers = {{"first", to_hex(both.ours.ref.hash)}}};
                        });
      },
      Pace::lockstep);
}

TEST(Sim, AnOverwrittenHeadIsFound) { expect_found("overwritten head", take); }

TEST(Sim, AHeadThatIsVisibleBeforeItsObjectsIsFound) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    ClusterOptions options = size_for(seed);
    options.disk = Disk::Order::records_first;
    if (auto wrong = run(seed, std::move(options)).wrong) {
      std::printf("visible too early: found with seed %d: %s\n", static_cast<int>(seed),
                  wrong->c_str());
      return;
    }
  }
  ADD_FAILURE() << "it is not found";
}

TEST(Sim, AMergeFromAWrongBaseIsFound) {
  expect_found("wrong base",
               [](Transaction& transaction, const Bytes& branch, const ObjectRef& theirs) {
                 return merge_by(transaction, branch, theirs,
                                 [&](const Sides& both, MergeEngine& engine, const GraphCommit&,
                                     const GraphCommit&) -> Result<CommitDraft> {
                                   auto tree = engine.merge_trees(Tree(transaction.objects()),
                                                                  both.our_tree, both.their_tree);
                                   if (!tree) return pass_on(tree);
                                   return CommitDraft{.tree = *tree,
                                                      .parents = {both.ours.ref, both.theirs.ref},
                                                      .headers = {{"merge", "of mine"}}};
                                 });
               });
}

}  // namespace
}  // namespace ukstore::tests
