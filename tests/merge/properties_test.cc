// Properties of merging that the law kit does not name one by one, and the faults of Irmin 3.11 as
// transcripts that pass here.
#include <ukstore/merge/store_graph.h>
#include <ukstore/tests/merge/repo_fixture.h>

#include <algorithm>
#include <random>
#include <set>

namespace ukstore::tests {
namespace {

using Random = std::mt19937_64;

class Properties : public WithRepo {
 protected:
  void append(Branch& branch, const Bytes& entry) {
    ok(branch.transact([&](Tx& tx) { tx.at<AppendLog<>>("log").append(entry); }));
  }
  std::vector<Bytes> log(const Branch& branch) {
    return ok(ok(branch.state()).at<AppendLog<>>("log").entries());
  }
  int64_t counter(const Branch& branch) { return ok(ok(branch.state()).at<Counter>("n").value()); }
  std::vector<Bytes> elements(const Branch& branch) {
    return ok(ok(branch.state()).at<Set<>>("s").elements());
  }
};

// ---- Irmin's faults.

TEST_F(Properties, IrminsBlobLogLostAnEntryInFiveSteps) {
  Branch a = branch("a");
  append(a, "base");
  Branch b = ok(a.fork("b"));
  append(a, "x");
  append(b, "y");
  ok(a.merge(b));
  append(b, "z");
  ok(a.merge(b));
  std::vector<Bytes> entries = log(a);
  std::ranges::sort(entries);
  EXPECT_EQ(entries, (std::vector<Bytes>{"base", "x", "y", "z"}));
}
TEST_F(Properties, IrminsLinkedLogDoubledAnEntry) {  // property 16
  Branch a = branch("a");
  append(a, "1");
  Branch b = ok(a.fork("b"));
  append(a, "a2");
  Branch c = ok(a.fork("c"));
  append(b, "b2");
  ok(a.merge(b));
  append(a, "a3");
  append(c, "c3");
  ok(a.merge(c));
  std::vector<Bytes> entries = log(a);
  std::ranges::sort(entries);
  EXPECT_EQ(entries, (std::vector<Bytes>{"1", "a2", "a3", "b2", "c3"}));
}
TEST_F(Properties, IrminsMergeOfAFileAndADirectoryLostTheFile) {
  Branch a = branch("a");
  ok(a.set("other", "0"));
  Branch b = ok(a.fork("b"));
  ok(a.set("p", "the file"));
  ok(b.set("p/q", "below"));
  ok(a.merge(b));
  auto value = ok(ok(a.state()).value("p"));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->live.front().value.inlined, "the file");
  EXPECT_EQ(get(a, "p/q"), "below");
}
TEST_F(Properties, IrminsMergeAbortedOnAConflictInAVirtualBase) {
  Branch a = branch("a");
  ok(a.set("f", "0"));
  Branch b = ok(a.fork("b"));
  // Both bases of the last merge hold the conflict, each resolved in its own way.
  ok(a.set("f", "a"));
  ok(b.set("f", "b"));
  ObjectRef a1 = head(a), b1 = head(b);
  ok(a.merge(b1, {.info = {.message = "a"}}));
  ok(b.merge(a1, {.info = {.message = "b"}}));
  ok(a.set("f", "a again"));
  ok(b.set("g", "b again"));
  EXPECT_EQ(ok(a.merge(b)).how, MergeOutcome::How::merged);
  EXPECT_EQ(get(a, "f"), "a again");
  EXPECT_EQ(get(a, "g"), "b again");
}
TEST_F(Properties, ARegisterDoesNotGoByUptime) {  // Irmin: the host that is up longer wins
  Branch a = branch("a");
  ok(a.transact([](Tx& tx) { tx.at<LastWriter<>>("r").write("first"); }, {.when_ms = 1'000'000}));
  Branch b = ok(a.fork("b"));
  ok(b.transact([](Tx& tx) { tx.at<LastWriter<>>("r").write("later"); }, {.when_ms = 1}));
  ok(a.set("x", "1"));
  ok(a.merge(b));
  EXPECT_EQ(ok(ok(a.state()).at<LastWriter<>>("r").value()), "later");
}

// ---- 12: all orders of an octopus.

TEST_F(Properties, FourHeadsInAnyOrderGiveOneState) {
  Branch start = branch("start");
  ok(start.transact([](Tx& tx) {
    tx.at<Set<>>("s").insert("x");
    tx.at<Counter>("n").add(1);
  }));
  std::vector<Branch> heads;
  for (int i = 0; i < 4; ++i) {
    heads.push_back(ok(start.fork("h" + std::to_string(i))));
    ok(heads.back().transact([&](Tx& tx) {
      tx.set("f", "value " + std::to_string(i));
      tx.at<Counter>("n").add(i);
      if (i % 2) tx.at<Set<>>("s").erase("x");
      if (i == 2) tx.at<Set<>>("s").insert("x");
      tx.at<AppendLog<>>("log").append(std::to_string(i));
    }));
  }
  std::vector<int> order{0, 1, 2, 3};
  std::optional<Hash> root;
  do {
    Branch into = branch("into");
    ok(into.drop());
    for (int i : order) ok(into.merge(heads[static_cast<size_t>(i)]));
    Hash hash = ok(into.state()).hash();
    EXPECT_EQ(root.value_or(hash), hash);
    root = hash;
  } while (std::ranges::next_permutation(order).found);
}

// ---- 13: what a merge makes of a branch could have been made by legal operations.

TEST_F(Properties, AMergeIsAStepThatTheBranchCouldHaveTaken) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    repo = memory_repo({}, static_cast<uint8_t>(seed));
    Random random(seed);
    std::vector<Branch> branches{branch("b0")};
    append(branches[0], "first");
    for (int i = 1; i < 4; ++i) branches.push_back(ok(branches[0].fork("b" + std::to_string(i))));
    for (int step = 0; step < 40; ++step) {
      Branch& at = branches[random() % branches.size()];
      if (random() % 2) {
        ok(at.transact([&](Tx& tx) {
          tx.at<Counter>("n").add(static_cast<int64_t>(1 + random() % 3));
          tx.at<Set<>>("s").insert(std::to_string(random() % 50));
          tx.at<AppendLog<>>("log").append(std::to_string(step));
        }));
        continue;
      }
      std::vector<Bytes> log_before = log(at), set_before = elements(at);
      int64_t before = counter(at);
      ok(at.merge(branches[random() % branches.size()]));
      std::vector<Bytes> log_after = log(at), set_after = elements(at);
      EXPECT_GE(counter(at), before);                             // only additions
      EXPECT_TRUE(std::ranges::includes(set_after, set_before));  // only insertions
      // The log keeps its order, with entries between.
      auto from = log_after.begin();
      for (const Bytes& entry : log_before) {
        from = std::find(from, log_after.end(), entry);
        ASSERT_NE(from, log_after.end()) << "seed " << seed;
        ++from;
      }
    }
  }
}

// ---- 24: one state has one encoding, whatever the order in which it was written.

TEST_F(Properties, TheSameDotsInAnyOrderGiveTheSameRoot) {
  std::vector<std::function<void(Tx&)>> writes;
  for (int i = 0; i < 6; ++i) {
    writes.push_back([i](Tx& tx) { tx.set("d/" + std::to_string(i), Bytes(i * 30, 'v')); });
    writes.push_back([i](Tx& tx) { tx.at<Set<>>("sets/" + std::to_string(i)).insert("e"); });
  }
  std::optional<Hash> root;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    std::vector<size_t> order(writes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, random);
    State state(Tree(repo->store().objects()));
    for (size_t i : order) {
      Tx tx(state, DotMint(1, ReplicaId{}, 10 * i + 1));
      writes[i](tx);
      state = ok(tx.finish());
    }
    EXPECT_EQ(root.value_or(state.hash()), state.hash());
    root = state.hash();
  }
}

// ---- 26: where history is missing a merge fails by name and never gives another value.

// A source in which some objects were never fetched.
class Shallow final : public CommitSource {
 public:
  Shallow(const CommitSource& all, std::set<Hash> missing)
      : all_(all), missing_(std::move(missing)) {}
  Result<ObjectRef> resolve(const ObjectRef& commit) const override {
    if (auto ok = check(commit.hash); !ok) return pass_on(ok);
    return all_.resolve(commit);
  }
  Result<CommitLinks> links(const ObjectRef& commit) const override {
    if (auto ok = check(commit.hash); !ok) return pass_on(ok);
    return all_.links(commit);
  }
  Result<std::optional<ObjectRef>> at(Address address) const override { return all_.at(address); }
  Result<Tree> tree(const ObjectRef& root) const override {
    if (auto ok = check(root.hash); !ok) return pass_on(ok);
    return all_.tree(root);
  }

 private:
  Result<void> check(const Hash& hash) const {
    if (!missing_.contains(hash)) return {};
    return fail(Error::Kind::not_found, "no object " + to_hex(hash));
  }
  const CommitSource& all_;
  const std::set<Hash> missing_;
};

TEST_F(Properties, WithoutHistoryAMergeSaysSoAndGivesNoOtherValue) {
  Branch a = branch("a");
  std::vector<ObjectRef> history{ok(a.set("f", "0")).head};
  Branch b = ok(a.fork("b"));
  for (int round = 0; round < 4; ++round) {
    for (Branch* at : {&a, &b}) {
      ok(at->transact([&](Tx& tx) {
        tx.at<Counter>("n").add(round + 1);
        tx.set("f", at->name() + std::to_string(round));
      }));
      history.push_back(head(*at));
    }
    ObjectRef a1 = head(a), b1 = head(b);
    ok(a.merge(b1, {.info = {.message = "a"}}));
    ok(b.merge(a1, {.info = {.message = "b"}}));
    history.push_back(head(a));
    history.push_back(head(b));
  }
  auto source = ok(repo->store().commits());
  auto merge = [&](const CommitSource& from) -> Result<Hash> {
    StoreGraph graph(from);
    auto ours = graph.commit(head(a)), theirs = graph.commit(head(b));
    if (!ours) return pass_on(ours);
    if (!theirs) return pass_on(theirs);
    auto tree = MergeEngine(graph, repo->types()).merge(*ours, *theirs);
    if (!tree) return pass_on(tree);
    return tree->hash();
  };
  Hash whole = ok(merge(*source));
  int failed = 0;
  for (const ObjectRef& gone : history) {
    if (gone == head(a) || gone == head(b)) continue;
    for (const Hash& hash : {gone.hash, commit_of(gone).tree.hash}) {
      auto merged = merge(Shallow(*source, {hash}));
      if (merged) {
        EXPECT_EQ(*merged, whole);  // it was not needed
      } else {
        EXPECT_EQ(merged.error().kind, Error::Kind::base_missing) << merged.error().message;
        ++failed;
      }
    }
  }
  EXPECT_GT(failed, 3);
}

// ---- Kinds of a later version, and the heads of others.

TEST_F(Properties, AForeignHeadWithAnUnknownKindStaysUnderRemotes) {
  auto write_unknown = [](Branch& to, const Bytes& bytes) {
    return ok(to.transact([&](Tx& tx) {
             tx.attempt([&]() -> Result<void> {
               auto edit = tx.edit_value("u", Kind{200});
               if (!edit) return pass_on(edit);
               (*edit)->put_state(bytes);
               (*edit)->touch();
               return {};
             });
           }))
        .head;
  };
  Branch own = branch("main"), remote = branch("remotes/peer/main");
  write_unknown(own, "0");
  ok(remote.move(std::nullopt, head(own)));
  ObjectRef ours = write_unknown(own, "ours"), theirs = write_unknown(remote, "theirs");
  auto merged = own.merge(remote);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().kind, Error::Kind::unsupported);
  EXPECT_EQ(head(own), ours);
  EXPECT_EQ(head(remote), theirs);  // still there, to be served on
  EXPECT_EQ(ok(repo->state_at(theirs)).user_state("u", Kind{200}).value(), "theirs");
  ok(own.set("goes", "on"));
  EXPECT_EQ(get(own, "goes"), "on");
  // Changed on one side only it merges all the same.
  Branch other = ok(remote.fork("other"));
  ok(other.set("elsewhere", "1"));
  write_unknown(remote, "more");
  EXPECT_EQ(ok(remote.merge(other)).how, MergeOutcome::How::merged);
  // And a program that knows the kind merges both heads.
  RepoOptions options;
  options.types.add(Kind{200},
                    [](const MergePlace& place, const auto&, const auto& o,
                       const auto& t) -> Result<std::optional<Bytes>> {
                      EXPECT_EQ(place.path, "u");
                      return *o + "+" + *t;
                    });
  options.new_replica_id = seeded_ids(9);
  Repo knows(repo->store(), std::move(options));
  Branch main = knows.branch("main");
  ok(main.merge(theirs));
  EXPECT_EQ(ok(ok(main.state()).user_state("u", Kind{200})), "ours+theirs");
}

}  // namespace
}  // namespace ukstore::tests
