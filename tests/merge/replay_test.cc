// Cherry-pick, revert, reset and undo, and how conflicts end.
#include <ukstore/tests/merge/repo_fixture.h>

namespace ukstore::tests {
namespace {

using How = ReplayOutcome::How;

class Replays : public WithRepo {
 protected:
  void SetUp() override {
    ok(main.set("f", "0"));
    side = ok(main.fork("side"));
  }
  ObjectRef commit(Branch& branch, const WriteFunction& write) {
    return *ok(branch.transact(write)).commit;
  }
  State state(const Branch& branch) { return ok(branch.state()); }
  int64_t counter(const Branch& branch) { return ok(state(branch).at<Counter>("n").value()); }
  std::vector<Bytes> elements(const Branch& branch) {
    return ok(state(branch).at<Set<>>("s").elements());
  }
  Branch main = branch("main"), side = branch("side");
};

TEST_F(Replays, ACherryPickDoesToThisBranchWhatTheCommitDid) {
  commit(side, [](Tx& tx) { tx.set("other", "x"); });
  ObjectRef picked = commit(side, [](Tx& tx) {
    tx.set("f", "1");
    tx.set("dir/new", "2");
    tx.at<Set<>>("s").insert("e");
    tx.at<Flag>("flag").enable();
    tx.at<MultiValue<>>("mv").write("v");
    tx.at<LastWriter<>>("lww").write("w");
    tx.at<Map<Set<>>>("map").at("k").insert("deep");
  });
  auto outcome = ok(main.cherry_pick(picked));
  EXPECT_EQ(outcome.how, How::committed);
  EXPECT_TRUE(outcome.conflicts.empty());
  EXPECT_EQ(outcome.head, head(main));
  EXPECT_EQ(get(main, "f"), "1");
  EXPECT_EQ(get(main, "dir/new"), "2");
  EXPECT_EQ(get(main, "other"), std::nullopt);
  EXPECT_EQ(elements(main), std::vector<Bytes>{"e"});
  EXPECT_TRUE(ok(state(main).at<Flag>("flag").is_on()));
  EXPECT_EQ(ok(state(main).at<MultiValue<>>("mv").values()), std::vector<Bytes>{"v"});
  EXPECT_EQ(ok(state(main).at<LastWriter<>>("lww").value()), "w");
  EXPECT_EQ(ok(state(main).at<Map<Set<>>>("map").at("k").elements()), std::vector<Bytes>{"deep"});
  EXPECT_EQ(ok(main.cherry_pick(picked)).how, How::unchanged);
}
TEST_F(Replays, APickIsAnOperationOfItsOwnWithDotsOfItsOwn) {
  ObjectRef picked = commit(side, [](Tx& tx) {
    tx.set("d", "1");
    tx.at<Set<>>("s").insert("e");
  });
  ok(main.cherry_pick(picked));
  Dot picked_dot = ok(state(main).value("d"))->live.front().dot;
  EXPECT_NE(picked_dot, ok(state(side).value("d"))->live.front().dot);
  // Both are operations of their own: the removal saw only the pick.
  ok(main.transact([](Tx& tx) {
    tx.remove("d");
    tx.at<Set<>>("s").erase("e");
  }));
  ok(main.merge(side));
  EXPECT_EQ(get(main, "d"), "1");
  // And what was removed having been seen stays away.
  ok(main.remove("d"));
  ok(side.set("more", "1"));
  ok(main.merge(side));
  EXPECT_EQ(get(main, "d"), std::nullopt);
}
TEST_F(Replays, WhereOursChangedTooBothValuesStay) {
  ObjectRef picked = commit(side, [](Tx& tx) { tx.set("f", "theirs"); });
  ok(main.set("f", "ours"));
  ObjectRef before = head(main);
  EXPECT_EQ(ok(main.cherry_pick(picked, {.policy = Policy::fail})).how, How::refused);
  EXPECT_EQ(head(main), before);
  EXPECT_EQ(ok(main.cherry_pick(picked)).conflicts, std::vector<Bytes>{"f"});
  EXPECT_EQ(ok(state(main).value("f"))->live.size(), 2u);
}
TEST_F(Replays, PoliciesTakeOneSide) {
  ObjectRef picked = commit(side, [](Tx& tx) { tx.set("f", "theirs"); });
  ok(main.set("f", "ours"));
  EXPECT_EQ(ok(main.cherry_pick(picked, {.policy = Policy::ours})).how, How::unchanged);
  EXPECT_EQ(get(main, "f"), "ours");
  ok(main.cherry_pick(picked, {.policy = Policy::theirs}));
  EXPECT_EQ(get(main, "f"), "theirs");
}
TEST_F(Replays, CountersAndLogsAreRefusedUnlessTheyMayCountTwice) {
  ok(main.transact([](Tx& tx) { tx.at<Counter>("n").add(1); }));
  ok(side.merge(main));
  ObjectRef adds = commit(side, [](Tx& tx) { tx.at<Counter>("n").add(5); });
  ObjectRef appends = commit(side, [](Tx& tx) { tx.at<AppendLog<>>("log").append("line"); });
  ObjectRef before = head(main);
  for (const ObjectRef& picked : {adds, appends}) {
    auto refused = main.cherry_pick(picked);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::counts_twice);
  }
  EXPECT_EQ(side.revert(adds).error().kind, Error::Kind::counts_twice);
  EXPECT_EQ(head(main), before);
  ok(main.cherry_pick(adds, {.again = Again::allowed}));
  ok(main.cherry_pick(appends, {.again = Again::allowed}));
  EXPECT_EQ(counter(main), 6);
  ok(main.merge(side));
  EXPECT_EQ(counter(main), 11);  // as was allowed
  EXPECT_EQ(ok(state(main).at<AppendLog<>>("log").entries()), (std::vector<Bytes>{"line", "line"}));
}
TEST_F(Replays, ARevertTakesBackWhatIsSoStill) {
  ObjectRef changed = commit(main, [](Tx& tx) {
    tx.set("f", "1");
    tx.set("g", "1");
    tx.remove("absent");
    tx.at<Set<>>("s").insert("e");
    tx.at<AppendLog<>>("log").append("line");
    tx.at<LastWriter<>>("lww").write("w");
  });
  ok(main.set("g", "2"));
  auto outcome = ok(main.revert(changed));
  EXPECT_EQ(get(main, "f"), "0");
  EXPECT_EQ(get(main, "g"), "2");  // changed since
  EXPECT_EQ(outcome.kept, std::vector<Bytes>{"g"});
  EXPECT_EQ(elements(main), std::vector<Bytes>{});
  EXPECT_EQ(ok(state(main).value("s")), std::nullopt);  // the commit had made it
  EXPECT_EQ(ok(state(main).at<AppendLog<>>("log").size()), 0u);
  EXPECT_EQ(ok(state(main).value("lww")), std::nullopt);
}
TEST_F(Replays, ARevertOfARemovalBringsTheValueBackUnderNewDots) {
  ObjectRef removal = commit(main, [](Tx& tx) { tx.remove("f"); });
  ok(main.revert(removal));
  EXPECT_EQ(get(main, "f"), "0");
  // A replica that had removed it knowingly does not remove the new one.
  ok(main.merge(side));
  EXPECT_EQ(get(main, "f"), "0");
}
TEST_F(Replays, AMergeNeedsTheParentThatItIsComparedWith) {
  ok(main.set("ours", "1"));
  ok(side.set("theirs", "1"));
  ObjectRef ours = head(main);
  ok(main.merge(side));
  ObjectRef merge = head(main);
  EXPECT_EQ(main.revert(merge).error().kind, Error::Kind::invalid);
  EXPECT_EQ(main.revert(merge, {.parent = merge}).error().kind, Error::Kind::invalid);
  ok(main.revert(merge, {.parent = ours}));
  EXPECT_EQ(get(main, "ours"), "1");
  EXPECT_EQ(get(main, "theirs"), std::nullopt);
}
TEST_F(Replays, ADirectoryThatBecameAFileIsReplayedPathByPath) {
  ok(main.set("p/q", "below"));
  Branch third = ok(main.fork("third"));
  ObjectRef becomes = commit(third, [](Tx& tx) { tx.set("p", "file"); });
  ok(main.cherry_pick(becomes));
  EXPECT_EQ(get(main, "p"), "file");
  EXPECT_EQ(get(main, "p/q"), std::nullopt);
  ok(main.revert(becomes));
  EXPECT_EQ(get(main, "p/q"), "below");
}
TEST_F(Replays, UnknownTypesAreRefused) {
  ObjectRef picked = commit(side, [](Tx& tx) {
    tx.attempt([&]() -> Result<void> {
      auto edit = tx.edit_value("u", Kind{200});
      if (!edit) return pass_on(edit);
      (*edit)->put_state("state");
      (*edit)->touch();
      return {};
    });
  });
  EXPECT_EQ(main.cherry_pick(picked).error().kind, Error::Kind::counts_twice);
  EXPECT_EQ(main.cherry_pick(picked, {.again = Again::allowed}).error().kind,
            Error::Kind::unsupported);
}

// ---- Reset and undo.

TEST_F(Replays, AResetMovesTheHeadOfABranchThatNobodyElseHolds) {
  ObjectRef first = head(main);
  ok(main.set("f", "1"));
  EXPECT_EQ(ok(main.reset(first)).how, How::moved);
  EXPECT_EQ(head(main), first);
  EXPECT_EQ(ok(main.reset(first)).how, How::unchanged);
}
TEST_F(Replays, AResetOfASharedBranchCommitsTheInverse) {
  ok(main.transact([](Tx& tx) { tx.at<Counter>("n").add(1); }));
  ObjectRef first = head(main);
  ok(main.transact([](Tx& tx) {
    tx.set("f", "1");
    tx.at<Counter>("n").add(5);
    tx.at<AppendLog<>>("log").append("line");
  }));
  ObjectRef second = head(main);
  EXPECT_FALSE(ok(main.is_shared()));
  ok(main.mark_shared());
  EXPECT_TRUE(ok(main.is_shared()));
  EXPECT_EQ(ok(main.reset(first)).how, How::committed);
  EXPECT_EQ(commit_of(head(main)).parents, std::vector<ObjectRef>{second});
  EXPECT_EQ(get(main, "f"), "0");
  EXPECT_EQ(counter(main), 1);
  EXPECT_EQ(ok(state(main).at<AppendLog<>>("log").size()), 0u);
}
TEST_F(Replays, UndoOfASharedBranchCommitsTheInverseAndRedoTheInverseOfThat) {
  ok(main.transact([](Tx& tx) { tx.at<Counter>("n").add(1); }));
  ok(main.set("f", "1"));
  ok(main.mark_shared());
  ObjectRef top = head(main);
  ok(repo->undo());
  EXPECT_EQ(get(main, "f"), "0");
  EXPECT_EQ(counter(main), 1);
  EXPECT_EQ(commit_of(head(main)).parents, std::vector<ObjectRef>{top});
  ok(repo->undo());  // steps on, it does not go back and forth
  EXPECT_EQ(counter(main), 0);
  EXPECT_EQ(get(main, "f"), "0");
  ok(repo->redo());
  EXPECT_EQ(counter(main), 1);
  EXPECT_EQ(get(main, "f"), "0");
  ok(repo->redo());
  EXPECT_EQ(get(main, "f"), "1");
  EXPECT_EQ(counter(main), 1);
  EXPECT_EQ(repo->redo().error().kind, Error::Kind::not_found);
  // The head only went forward: whoever holds the old one gets the new by a fast-forward.
  Branch other = branch("other");
  ok(other.move(std::nullopt, top));
  EXPECT_EQ(ok(other.merge(main)).how, MergeOutcome::How::fast_forward);
}
TEST_F(Replays, UndoMovesTheHeadOfABranchThatNobodyElseHolds) {
  ObjectRef first = head(main);
  ObjectRef second = ok(main.set("f", "1")).head;
  ok(repo->undo());
  EXPECT_EQ(head(main), first);
  ok(repo->redo());
  EXPECT_EQ(head(main), second);
}

// ---- Conflicts.

TEST_F(Replays, AConflictEndsByAValueOrByOneOfItsChoices) {
  ok(main.set("f", "ours"));
  ok(side.set("f", "theirs"));
  ok(side.set("f2/below", "1"));
  ok(main.set("f2", "file"));
  EXPECT_EQ(main.resolve("f", "x").error().kind, Error::Kind::invalid);  // none there yet
  ok(main.merge(side));
  EXPECT_EQ(ok(state(main).conflicts()), (std::vector<Bytes>{"f", "f2"}));
  Branch other = ok(main.fork("other"));
  ok(main.resolve("f", "both"));
  EXPECT_EQ(get(main, "f"), "both");
  auto choices = ok(state(other).value("f"))->choices();
  ASSERT_EQ(choices.size(), 2u);
  ok(other.choose("f", 1));
  EXPECT_EQ(get(other, "f"), choices[1].live.front().value.inlined);
  EXPECT_EQ(other.choose("f2", 2).error().kind, Error::Kind::invalid);
  ok(main.choose("f2", 0));
  EXPECT_EQ(get(main, "f2"), "file");
  EXPECT_EQ(get(main, "f2/below"), std::nullopt);
  ok(other.choose("f2", 1));
  EXPECT_EQ(get(other, "f2"), std::nullopt);
  EXPECT_EQ(get(other, "f2/below"), "1");
}

}  // namespace
}  // namespace ukstore::tests
