// Merges of branches: bases, rest, policies, explanations, and the faults of other stores.
#include <ukstore/tests/merge/repo_fixture.h>

#include <ukstore/merge/store_graph.h>

namespace ukstore::tests {
namespace {

using How = MergeOutcome::How;

class Merging : public WithRepo {
 protected:
  void SetUp() override {
    ok(a.set("base", "0"));
    b = ok(a.fork("b"));
  }
  MergeOutcome merge(Branch& into, const Branch& from, MergeOptions options = {}) {
    return ok(into.merge(from, std::move(options)));
  }
  Value value(const Branch& branch, BytesView path) {
    return ok(ok(branch.state()).value(path)).value_or(Value{});
  }
  // Both branches at once, each on the other's old head.
  void exchange() {
    ObjectRef ours = head(a), theirs = head(b);
    ok(a.merge(theirs));
    ok(b.merge(ours));
  }
  Branch a = branch("a"), b = branch("b");
};

TEST_F(Merging, DisjointEditsMergeAndLeaveTheSideBranchAlone) {  // I-8, I-14, I-17
  ok(a.set("x", "1"));
  ok(b.set("y", "2"));
  ObjectRef before = head(b);
  EXPECT_EQ(merge(a, b).how, How::merged);
  EXPECT_EQ(get(a, "x"), "1");
  EXPECT_EQ(get(a, "y"), "2");
  EXPECT_EQ(head(b), before);
}
TEST_F(Merging, AnAncestorIsAFastForward) {  // I-8, property 1
  ok(b.set("x", "1"));
  EXPECT_EQ(merge(a, b).how, How::fast_forward);
  EXPECT_EQ(head(a), head(b));
  EXPECT_EQ(merge(a, b).how, How::unchanged);  // property 2
}
TEST_F(Merging, BothSidesMakeTheSameCommit) {  // property 3
  ok(a.set("x", "1"));
  ok(b.set("x", "2"));
  exchange();
  EXPECT_EQ(head(a), head(b));
  Commit commit = commit_of(head(a));
  EXPECT_TRUE(commit.canonical_merge);
  EXPECT_FALSE(commit.author);
  EXPECT_TRUE(commit.message.empty());
}
TEST_F(Merging, UnrelatedHistoriesMerge) {  // I-18
  Branch other = branch("other");
  ok(other.set("y", "2"));
  merge(a, other);
  EXPECT_EQ(get(a, "base"), "0");
  EXPECT_EQ(get(a, "y"), "2");
}
TEST_F(Merging, TheSameBranchByTwoPathsCountsOnce) {  // property 9
  Branch c = ok(a.fork("c"));
  ok(c.transact([](Tx& tx) { tx.at<Counter>("n").add(5); }));
  ok(a.set("x", "1"));
  ok(b.set("y", "1"));
  merge(a, c);
  merge(b, c);
  merge(a, b);
  EXPECT_EQ(ok(ok(a.state()).at<Counter>("n").value()), 5);
}
TEST_F(Merging, CrissCrossWithBasesThatDisagree) {  // properties 8, 10
  auto add = [&](Branch& branch, int64_t n) {
    ok(branch.transact([&](Tx& tx) { tx.at<Counter>("n").add(n); }));
  };
  // With messages each side makes a merge of its own, so the next merge has two bases.
  add(a, 1);
  add(b, 10);
  ObjectRef a1 = head(a), b1 = head(b);
  ok(a.merge(b1, {.info = {.message = "a"}}));
  ok(b.merge(a1, {.info = {.message = "b"}}));
  add(a, 100);
  add(b, 1000);
  auto source = ok(repo->store().commits());
  StoreGraph graph(*source);
  EXPECT_EQ(ok(graph.bases(ok(graph.commit(head(a))), ok(graph.commit(head(b))))).size(), 2u);
  merge(a, b);
  EXPECT_EQ(ok(ok(a.state()).at<Counter>("n").value()), 1111);
}
TEST_F(Merging, NestedCrissCrossRecursesIntoBasesOfBases) {  // property 11
  int64_t sum = 0;
  for (int round = 0; round < 6; ++round) {
    for (Branch* branch : {&a, &b}) {
      int64_t n = 1 << (2 * round + (branch == &a));
      ok(branch->transact([&](Tx& tx) {
        tx.at<Counter>("n").add(n);
        tx.at<Set<>>("s").insert("e" + std::to_string(n));
        tx.at<Set<>>("s").erase("e" + std::to_string(n / 8));
      }));
      sum += n;
    }
    ObjectRef a1 = head(a), b1 = head(b);
    ok(a.merge(b1, {.info = {.message = "a"}}));
    ok(b.merge(a1, {.info = {.message = "b"}}));
  }
  merge(a, b);
  EXPECT_EQ(ok(ok(a.state()).at<Counter>("n").value()), sum);
}
TEST_F(Merging, ConcurrentPullsComeToRest) {  // property 28
  std::vector<Branch> ring{a, b, ok(a.fork("c")), ok(a.fork("d"))};
  for (size_t i = 0; i < ring.size(); ++i) ok(ring[i].set("k" + std::to_string(i), "v"));
  auto lockstep = [&] {
    std::vector<ObjectRef> heads;
    for (Branch& member : ring) heads.push_back(head(member));
    for (size_t i = 0; i < ring.size(); ++i) ok(ring[i].merge(heads[(i + 1) % heads.size()]));
  };
  for (int round = 0; round < 20; ++round) lockstep();
  for (Branch& member : ring) EXPECT_EQ(head(member), head(a));
  ObjectRef rest = head(a);
  lockstep();
  EXPECT_EQ(head(a), rest);
}
TEST_F(Merging, NoOrdinaryMergeIsMadeWithoutAnOrdinaryCommitOnEachSide) {
  ok(b.set("x", "1"));
  EXPECT_EQ(merge(a, b, {.info = {.message = "a merge"}}).how, How::fast_forward);
}

// ---- Where writers disagree.

TEST_F(Merging, KeepsBothValuesAndTheNextWriteResolves) {
  ok(a.set("f", "ours"));
  ok(b.set("f", "theirs"));
  auto outcome = merge(a, b);
  EXPECT_EQ(outcome.conflicts, std::vector<Bytes>{"f"});
  EXPECT_TRUE(value(a, "f").is_conflict());
  EXPECT_EQ(value(a, "f").live.size(), 2u);
  EXPECT_EQ(a.get("f").error().kind, Error::Kind::invalid);
  EXPECT_EQ(ok(ok(a.state()).conflicts()), std::vector<Bytes>{"f"});
  ok(a.set("f", "settled"));
  EXPECT_EQ(get(a, "f"), "settled");
  EXPECT_TRUE(ok(ok(a.state()).conflicts()).empty());
}
TEST_F(Merging, EqualWritesAgree) {
  ok(a.set("f", "same"));
  ok(b.set("f", "same"));
  EXPECT_TRUE(merge(a, b).conflicts.empty());
  EXPECT_EQ(get(a, "f"), "same");
}
TEST_F(Merging, AFileBesideADirectoryLosesNeither) {  // Irmin: "Ok", and the file disappears
  ok(a.set("p", "a file"));
  ok(b.set("p/q", "below"));
  EXPECT_EQ(merge(a, b).conflicts, std::vector<Bytes>{"p"});
  Value both = value(a, "p");
  EXPECT_TRUE(both.is_conflict());
  EXPECT_TRUE(both.has_entries_below);
  EXPECT_EQ(both.live.size(), 1u);
  EXPECT_EQ(get(a, "p/q"), "below");
}
TEST_F(Merging, LongValuesInConflictStayWhole) {
  Bytes ours(200'000, 'o'), theirs(100'000, 't');
  ok(a.set("f", ours));
  ok(b.set("f", theirs));
  merge(a, b);
  Value both = value(a, "f");
  ASSERT_EQ(both.live.size(), 2u);
  std::vector<Bytes> read;
  for (const LiveEntry& entry : both.live) {
    read.push_back(ok(PayloadReader(repo->store().objects(), entry.value).read_all()));
  }
  std::ranges::sort(read);
  EXPECT_EQ(read, (std::vector<Bytes>{ours, theirs}));
}
TEST_F(Merging, ARemovalBesideAChangeKeepsTheChange) {
  ok(a.transact([](Tx& tx) { tx.at<Counter>("n").add(5); }));
  merge(b, a);
  ok(a.remove("n"));
  ok(b.transact([](Tx& tx) { tx.at<Set<>>("s").insert("x"); }));
  ok(b.transact([](Tx& tx) { tx.at<Counter>("n").add(2); }));
  merge(a, b);
  // What the removal had seen is reset.
  EXPECT_EQ(ok(ok(a.state()).at<Counter>("n").value()), 2);
}
TEST_F(Merging, NothingRemovedComesBackAndNothingLiveIsLost) {  // properties 14, 15
  ok(a.set("gone", "1"));
  ok(a.set("kept", "1"));
  merge(b, a);
  ok(a.remove("gone"));
  ok(b.set("new", "1"));
  ok(b.set("kept", "2"));
  merge(a, b);
  merge(b, a);
  EXPECT_EQ(get(a, "gone"), std::nullopt);
  EXPECT_EQ(get(a, "kept"), "2");
  EXPECT_EQ(get(a, "new"), "1");
}

class Policies : public Merging {
 protected:
  void SetUp() override {
    Merging::SetUp();
    ok(a.set("f", "ours"));
    ok(b.set("f", "theirs"));
    ok(b.set("more", "1"));
  }
};
TEST_F(Policies, OursAndTheirsMakeAnOrdinaryCommitThatHoldsOne) {
  Branch c = ok(a.fork("c"));
  merge(a, b, {.policy = Policy::ours});
  EXPECT_EQ(get(a, "f"), "ours");
  EXPECT_EQ(get(a, "more"), "1");
  EXPECT_FALSE(commit_of(head(a)).canonical_merge);
  EXPECT_EQ(commit_of(head(a)).parents.size(), 2u);
  merge(c, b, {.policy = Policy::theirs});
  EXPECT_EQ(get(c, "f"), "theirs");
}
TEST_F(Policies, FailSaysWhereAndChangesNothing) {
  ObjectRef before = head(a);
  auto outcome = merge(a, b, {.policy = Policy::fail});
  EXPECT_EQ(outcome.how, How::refused);
  EXPECT_EQ(outcome.conflicts, std::vector<Bytes>{"f"});
  EXPECT_EQ(head(a), before);
}
TEST_F(Policies, AResolutionIsPartOfTheMergeCommit) {  // I-8: a policy for each key
  merge(a, b, {.resolution = {{"f", "both"}}, .info = {.message = "agreed"}});
  EXPECT_EQ(get(a, "f"), "both");
  EXPECT_EQ(commit_of(head(a)).message, "agreed");
}
TEST_F(Policies, AFunctionOfThePathResolves) {
  merge(a, b, {.resolve = [](const Conflict& conflict, Tx& tx) {
          EXPECT_EQ(conflict.path, "f");
          EXPECT_EQ(conflict.merged.live.size(), 2u);
          tx.set(conflict.path, "joined");
        }});
  EXPECT_EQ(get(a, "f"), "joined");
}
TEST_F(Policies, ExplainsEachPath) {
  ok(a.transact([](Tx& tx) { tx.at<Counter>("n").add(1); }));
  ok(b.transact([](Tx& tx) { tx.at<Counter>("n").add(2); }));
  auto outcome = merge(a, b, {.explain = Explain::yes});
  std::map<Bytes, std::string> results;
  for (const Explanation& e : outcome.explanations) {
    results[e.path + " " + e.rule] = e.base + " | " + e.ours + " | " + e.theirs + " | " + e.result;
  }
  EXPECT_EQ(results["n dots"], "no counter | counter 1 | counter 2 | counter 3");
  EXPECT_EQ(results["f writes"].substr(0, 45), "nothing | file \"ours\" | file \"theirs\" | file ");
}

TEST_F(Policies, ADryRunSaysTheSameAndDoesNothing) {
  ObjectRef before = head(a);
  auto dry = merge(a, b, {.explain = Explain::yes, .run = Run::dry});
  EXPECT_EQ(head(a), before);
  EXPECT_EQ(dry.head, before);
  auto real = merge(a, b, {.explain = Explain::yes});
  EXPECT_EQ(dry.how, real.how);
  EXPECT_EQ(dry.conflicts, real.conflicts);
  EXPECT_EQ(dry.explanations.size(), real.explanations.size());
  Branch c = ok(a.fork("c"));
  ok(c.set("x", "1"));
  EXPECT_EQ(merge(a, c, {.run = Run::dry}).how, How::fast_forward);
  EXPECT_EQ(get(a, "x"), std::nullopt);
}

// ---- Kinds that this program does not know, and writers that share an id.

struct Max {
  static constexpr Kind kind = Kind{128};
  static constexpr std::string_view name = "max";
  using State = uint64_t;
  using Op = uint64_t;
  static State initial() { return 0; }
  static State apply(const State& state, const Op& op, const Dot&) { return std::max(state, op); }
  static Result<State> merge(const State&, const State& ours, const State& theirs) {
    return std::max(ours, theirs);
  }
  static Bytes encode(const State& state) { return Codec<uint64_t>::encode(state); }
  static Result<State> decode(BytesView bytes) { return Codec<uint64_t>::decode(bytes); }
};

TEST(UserTypes, MergeByTheirOwnRule) {
  RepoOptions options;
  options.types.add<Max>();
  auto repo = memory_repo(std::move(options));
  Branch a = repo->branch("a");
  ok(a.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(3); }));
  Branch b = ok(a.fork("b"));
  ok(a.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(5); }));
  ok(b.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(9); }));
  ok(a.merge(b));
  EXPECT_EQ(ok(ok(a.state()).at<User<Max>>("high").state()), 9u);
}
// A rule that writes while it merges: to the store from outside of a transaction, or not at all.
TEST(UserTypes, MergeOutsideOfTheWritersLockAndAgainWithinIfAHeadMoves) {
  std::unique_ptr<Repo> repo;
  Bytes writes_to;
  int merges = 0, written = 0;
  RepoOptions options;
  options.types.add(Kind{128},
                    [&](const MergePlace&, const auto&, const auto& ours,
                        const auto&) -> Result<std::optional<Bytes>> {
                      auto committed =
                          repo->branch(writes_to).set("beside", "n" + std::to_string(merges++));
                      written += committed.has_value();
                      return ours;
                    });
  repo = memory_repo(std::move(options));
  auto merge_into = [&](const Bytes& name, const Bytes& beside) {
    Branch a = repo->branch(name);
    ok(a.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(3); }));
    Branch b = ok(a.fork(name + " fork"));
    ok(a.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(5); }));
    ok(b.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(9); }));
    writes_to = beside;
    merges = written = 0;
    EXPECT_EQ(ok(a.merge(b)).how, MergeOutcome::How::merged);
    EXPECT_EQ(ok(ok(a.state()).at<User<Max>>("high").state()), 5u);
    EXPECT_EQ(written, 1);  // outside
  };
  merge_into("undisturbed", "another");
  EXPECT_EQ(merges, 1);
  merge_into("moved", "moved");
  EXPECT_EQ(merges, 2);  // within, where it cannot write
  EXPECT_EQ(ok(repo->branch("moved").get("beside")), "n0");
}
TEST(UserTypes, ThatAreUnknownDoNotMergeAndBothHeadsStay) {
  auto repo = memory_repo();  // without Max
  Branch a = repo->branch("a");
  ok(a.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(3); }));
  Branch b = ok(a.fork("b"));
  ok(a.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(5); }));
  ObjectRef ours = *ok(a.head());
  ok(b.set("elsewhere", "x"));
  ok(b.transact([](Tx& tx) { tx.at<User<Max>>("high").apply(9); }));
  auto merged = a.merge(b);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().kind, Error::Kind::unsupported);
  EXPECT_EQ(*ok(a.head()), ours);
  ok(a.set("goes", "on"));
}
TEST(ReplicaIds, OfOneIncarnationAreSharedAndRenewedForAnother) {
  auto backend = make_memory_backend();
  auto store = ok(Store::open(std::move(backend)));
  auto id_of = [&](Bytes incarnation, uint8_t seed, const Bytes& branch) {
    RepoOptions options{.incarnation = std::move(incarnation)};
    options.new_replica_id = seeded_ids(seed);
    Repo repo(*store, std::move(options));
    static int n = 0;
    ok(repo.branch(branch).set("k", std::to_string(++n)));
    return ok(ok(repo.branch(branch).state()).value("k"))->live.front().dot;
  };
  Dot first = id_of("boot 1, inode 7", 1, "main"), second = id_of("boot 1, inode 7", 2, "main");
  EXPECT_EQ(first.replica, second.replica);
  EXPECT_LT(first, second);
  EXPECT_NE(first.number, second.number);
  EXPECT_NE(id_of("boot 2, inode 7", 3, "main").replica, first.replica);
  EXPECT_NE(id_of("boot 1, inode 7", 4, "fork").replica, first.replica);
  EXPECT_NE(id_of({}, 5, "main").replica, id_of({}, 6, "main").replica);
}
TEST(ReplicaIds, ThatCollideAreDetectedAndNotMergedSilently) {  // property 18
  auto backend = make_memory_backend();
  ObjectStore objects(*backend);
  State empty{Tree(objects)};
  auto write = [&](BytesView value) {
    Tx tx(empty, DotMint(1, ReplicaId{}, 1));
    tx.set("f", value);
    return ok(tx.finish());
  };
  struct NoGraph final : MergeGraph {
    Result<Tree> tree(const GraphCommit&) const override { std::abort(); }
    Result<std::vector<GraphCommit>> bases(const GraphCommit&, const GraphCommit&) const override {
      std::abort();
    }
    Result<bool> is_ancestor(const GraphCommit&, const GraphCommit&) const override {
      std::abort();
    }
    Result<bool> has_ordinary_beyond(const GraphCommit&, const GraphCommit&) const override {
      std::abort();
    }
  } none;
  TypeRegistry types;
  for (size_t size : {3, 300}) {  // in the header and beside it
    auto merged = MergeEngine(none, types)
                      .merge_trees(empty.tree(), write(Bytes(size, '1')).tree(),
                                   write(Bytes(size, '2')).tree());
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().kind, Error::Kind::corrupt);
    EXPECT_EQ(merged.error().message.substr(0, 2), "f:");
  }
}
TEST(Imports, MintTheSameDotsAgain) {
  auto backend = make_memory_backend();
  ObjectStore objects(*backend);
  auto import = [&] {
    Tx tx(State(Tree(objects)), import_mint(1, "git 3b18e512dba79e4c8300dd08aeb37f8e728b8dad"));
    tx.set("README", "hello");
    tx.at<Set<>>("tags").insert("v1");
    return ok(tx.finish()).hash();
  };
  EXPECT_EQ(import(), import());
}
TEST(HostileMerges, EndInAnErrorWhenTheBudgetIsExhausted) {
  RepoOptions options;
  options.budget.steps_max = 100;
  auto repo = memory_repo(std::move(options));
  Branch a = repo->branch("a");
  ok(a.set("base", "0"));
  Branch b = ok(a.fork("b"));
  auto many = [](const char* value) {
    return [value](Tx& tx) {
      for (int i = 0; i < 200; ++i) tx.set("k" + std::to_string(i), value);
    };
  };
  ok(a.transact(many("1")));
  ok(b.transact(many("2")));
  EXPECT_EQ(a.merge(b).error().kind, Error::Kind::limit);
}

// ---- Clocks have no say (property 17).

TEST(Clocks, DoNotChangeACommit) {
  auto run = [](int64_t skew) {
    auto repo = memory_repo();
    Branch a = repo->branch("a");
    ok(a.set("f", "0", {.when_ms = 1000 * skew}));
    Branch b = ok(a.fork("b"));
    ok(a.transact([](Tx& tx) { tx.at<LastWriter<>>("r").write("ours"); }, {.when_ms = 5 - skew}));
    ok(b.transact([](Tx& tx) { tx.at<LastWriter<>>("r").write("theirs"); }, {.when_ms = skew}));
    ok(a.merge(b));
    return *ok(a.head());
  };
  EXPECT_EQ(run(0), run(-7));
  EXPECT_EQ(run(0), run(1'000'000));
}

}  // namespace
}  // namespace ukstore::tests
