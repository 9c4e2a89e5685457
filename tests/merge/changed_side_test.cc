// Policy `changed`: who wrote back what the base holds has changed nothing.
#include <ukstore/tests/merge/repo_fixture.h>

namespace ukstore::tests {
namespace {

using How = MergeOutcome::How;
using Paths = std::vector<Bytes>;

class ChangedSide : public WithRepo {
 protected:
  void SetUp() override {
    ok(a.set("f", "base"));
    ok(a.set("d/x", "base x"));
    b = ok(a.fork("b"));
  }
  MergeOutcome merge(Branch& into, const Branch& from, MergeOptions options = {}) {
    options.policy = Policy::changed;
    return ok(into.merge(from, std::move(options)));
  }
  void write_back(Branch& branch, BytesView path, BytesView value) {
    ok(branch.set(path, "something else"));
    ok(branch.set(path, value));
  }
  Branch a = branch("a"), b = branch("b");
};

TEST_F(ChangedSide, TakesTheOtherSidesValueWhicheverSideWroteBack) {
  write_back(a, "f", "base");
  ok(b.set("f", "new"));
  Branch c = ok(a.fork("c")), d = ok(b.fork("d"));
  EXPECT_EQ(merge(a, b).conflicts, Paths{});
  EXPECT_EQ(get(a, "f"), "new");
  EXPECT_FALSE(commit_of(head(a)).canonical_merge);
  EXPECT_EQ(commit_of(head(a)).parents.size(), 2u);
  merge(d, c);
  EXPECT_EQ(get(d, "f"), "new");
  // The canonical merge keeps both writes.
  EXPECT_EQ(ok(c.merge(b)).conflicts, Paths{"f"});
}

TEST_F(ChangedSide, TakesARemovalToo) {
  write_back(a, "f", "base");
  ok(b.remove("f"));
  merge(a, b);
  EXPECT_EQ(get(a, "f"), std::nullopt);
  EXPECT_EQ(get(a, "d/x"), "base x");
}

TEST_F(ChangedSide, KeepsAllOfWhatBothChanged) {
  ok(a.set("f", "ours"));
  ok(b.set("f", "theirs"));
  write_back(b, "d/x", "base x");
  ok(a.set("d/x", "new x"));
  EXPECT_EQ(merge(a, b).conflicts, Paths{"f"});
  EXPECT_EQ(ok(ok(a.state()).conflicts()), Paths{"f"});
  EXPECT_EQ(get(a, "d/x"), "new x");
}

TEST_F(ChangedSide, WhatBothWroteBackIsThere) {
  write_back(a, "f", "base");
  write_back(b, "f", "base");
  EXPECT_EQ(merge(a, b).conflicts, Paths{});
  EXPECT_EQ(get(a, "f"), "base");
}

TEST_F(ChangedSide, KindsAreValuesToo) {
  ok(a.transact([](Tx& tx) { tx.set("f", "base", Kind::executable); }));
  ok(a.transact([](Tx& tx) { tx.set("f", "base"); }));
  ok(b.transact([](Tx& tx) { tx.set("f", "base", Kind::executable); }));
  merge(a, b);
  EXPECT_EQ(ok(ok(a.state()).value("f"))->kind(), Kind::executable);
}

TEST_F(ChangedSide, AFileAndADirectoryGiveWayToEachOther) {
  write_back(a, "f", "base");
  write_back(a, "d/x", "base x");
  ok(b.remove("f"));
  ok(b.set("f/below", "1"));
  ok(b.remove("d"));
  ok(b.set("d", "a file now"));
  EXPECT_EQ(merge(a, b).conflicts, Paths{});
  EXPECT_EQ(get(a, "f/below"), "1");
  EXPECT_EQ(get(a, "d"), "a file now");
  EXPECT_EQ(ok(ok(a.state()).conflicts()), Paths{});
}

TEST_F(ChangedSide, LongValuesStandBesideTheirPath) {
  const Bytes base(1000, 'b'), next(1000, 'n');
  ok(a.set("long", base));
  b = ok(a.fork("b2"));
  write_back(a, "long", base);
  ok(b.set("long", next));
  merge(a, b);
  EXPECT_EQ(get(a, "long"), next);
}

TEST_F(ChangedSide, TypedValuesMergeByTheirOperations) {
  auto add = [](Branch& branch, int64_t n) {
    ok(branch.transact([&](Tx& tx) { tx.at<Counter>("hits").add(n); }));
  };
  add(a, 5);
  b = ok(a.fork("b2"));
  add(a, 1);
  add(a, -1);
  add(b, 10);
  merge(a, b);
  EXPECT_EQ(ok(ok(a.state()).at<Counter>("hits").value()), 15);
}

// Two merges cross; each settled the same path to the same value.  Their virtual base is that
// value, and not the conflict that the dots show.
TEST_F(ChangedSide, SeveralBasesCountAsWhatThePolicyMakesOfThem) {
  write_back(a, "f", "base");
  ok(b.set("f", "new"));
  const ObjectRef ours = head(a), theirs = head(b);
  ok(a.merge(theirs, {.policy = Policy::changed}));
  ok(b.merge(ours, {.policy = Policy::changed}));
  EXPECT_EQ(get(a, "f"), "new");
  EXPECT_EQ(get(b, "f"), "new");
  write_back(a, "f", "new");
  ok(b.set("f", "newer"));
  EXPECT_EQ(merge(a, b).conflicts, Paths{});
  EXPECT_EQ(get(a, "f"), "newer");
}

TEST_F(ChangedSide, ADryRunSaysWhatIsLeftAndExplainsAndDoesNothing) {
  write_back(a, "f", "base");
  ok(b.set("f", "new"));
  ok(a.set("d/x", "ours"));
  ok(b.set("d/x", "theirs"));
  const ObjectRef before = head(a);
  const auto outcome = merge(a, b, {.explain = Explain::yes, .run = Run::dry});
  EXPECT_EQ(head(a), before);
  EXPECT_EQ(outcome.conflicts, Paths{"d/x"});
  ASSERT_EQ(outcome.explanations.size(), 2u);
  EXPECT_EQ(outcome.explanations[0].rule, "writes");
  EXPECT_EQ(outcome.explanations[1].rule, "changed");
  EXPECT_EQ(outcome.explanations[1].result, "file \"new\"");
}

}  // namespace
}  // namespace ukstore::tests
