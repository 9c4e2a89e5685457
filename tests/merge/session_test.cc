// Sessions: private branches off a public one.
#include <ukstore/tests/merge/repo_fixture.h>

#include <ukstore/store/slice.h>

namespace ukstore::tests {
namespace {

using Sessions = WithRepo;

TEST_F(Sessions, ReadTheirOwnWritesAndOthersOnlyAfterPublishAndRefresh) {
  ok(branch("public").set("a", "0"));
  Session one = ok(repo->session("public")), two = ok(repo->session("public"));
  ok(one.transact([](Tx& tx) { tx.set("a", "1"); }));
  EXPECT_EQ(ok(one.get("a")), "1");
  EXPECT_EQ(ok(two.get("a")), "0");
  EXPECT_EQ(get(branch("public"), "a"), "0");
  ok(one.publish());
  EXPECT_EQ(ok(two.get("a")), "0");  // a snapshot until it refreshes
  ok(two.refresh());
  EXPECT_EQ(ok(two.get("a")), "1");
}
TEST_F(Sessions, NeverReadBackwards) {
  Session session = ok(repo->session("public"));
  ok(session.transact([](Tx& tx) { tx.at<Counter>("n").add(1); }));
  ok(branch("public").transact([](Tx& tx) { tx.at<Counter>("n").add(10); }));
  ok(session.refresh());
  EXPECT_EQ(ok(ok(session.state()).at<Counter>("n").value()), 11);
  ok(session.refresh());
  EXPECT_EQ(ok(ok(session.state()).at<Counter>("n").value()), 11);
}
TEST_F(Sessions, WriteAfterWhatTheyHaveRead) {
  Session one = ok(repo->session("public")), two = ok(repo->session("public"));
  ok(one.transact([](Tx& tx) { tx.set("cause", "1"); }));
  ok(one.publish());
  ok(two.refresh());
  ok(two.transact([](Tx& tx) { tx.set("effect", "1"); }));
  // Whoever takes the effect, even from the private branch, takes the cause.
  Branch third = branch("third");
  ok(third.merge(two.private_branch()));
  EXPECT_EQ(get(third, "effect"), "1");
  EXPECT_EQ(get(third, "cause"), "1");
}
TEST_F(Sessions, PublishATransactionWholeOrNotAtAll) {
  Session session = ok(repo->session("public"));
  ok(session.transact([](Tx& tx) {
    tx.set("a", "1");
    tx.set("b", "1");
  }));
  EXPECT_EQ(get(branch("public"), "a"), std::nullopt);
  ok(session.publish());
  EXPECT_EQ(get(branch("public"), "a"), "1");
  EXPECT_EQ(get(branch("public"), "b"), "1");
}
TEST_F(Sessions, CanRefuseToPublishAConflictAndKeepWhatTheyHave) {
  ok(branch("public").set("f", "0"));
  Session session = ok(repo->session("public"));
  ok(session.transact([](Tx& tx) { tx.set("f", "mine"); }));
  ok(branch("public").set("f", "theirs"));
  auto outcome = ok(session.publish({.policy = Policy::fail}));
  EXPECT_EQ(outcome.how, MergeOutcome::How::refused);
  EXPECT_EQ(outcome.conflicts, std::vector<Bytes>{"f"});
  EXPECT_EQ(get(branch("public"), "f"), "theirs");
  EXPECT_EQ(ok(session.get("f")), "mine");
  EXPECT_EQ(ok(session.publish()).how, MergeOutcome::How::merged);  // or keep both
}
TEST_F(Sessions, LeaveNoBranchWhenClosed) {
  Session session = ok(repo->session("public"));
  ok(session.transact([](Tx& tx) { tx.set("a", "1"); }));
  ok(session.publish());
  ok(session.close());
  EXPECT_EQ(ok(repo->branches()), std::vector<Bytes>{"public"});
}
TEST_F(Sessions, RoamToAnotherStoreThatHoldsTheirHead) {
  auto other = memory_repo({}, 2);
  Session session = ok(repo->session("public"));
  ok(session.transact([](Tx& tx) { tx.set("mine", "1"); }));
  std::string token = ok(session.token());
  ok(other->branch("public").set("theirs", "2"));

  auto early = other->resume(token, "public", std::chrono::milliseconds(0));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, Error::Kind::not_found);

  Bytes carried;
  Head head{*ok(session.private_branch().head()), ObjectKind::commit};
  ok(write_slice(repo->store(), {.heads = {{RefKind::branch, "roaming", head}}},
                 [&](BytesView piece) -> Result<void> {
                   carried += piece;
                   return {};
                 }));
  size_t at = 0;
  ok(apply_slice(other->store(), [&](std::span<char> to) -> Result<size_t> {
    size_t size = std::min(to.size(), carried.size() - at);
    std::copy_n(carried.begin() + static_cast<ptrdiff_t>(at), size, to.begin());
    at += size;
    return size;
  }));
  Session resumed = ok(other->resume(token, "public", std::chrono::milliseconds(0)));
  EXPECT_EQ(ok(resumed.get("mine")), "1");    // monotonic reads, read your writes
  EXPECT_EQ(ok(resumed.get("theirs")), "2");  // and what that store has published
  ok(resumed.publish());
  EXPECT_EQ(ok(other->branch("public").get("mine")), "1");
}
TEST_F(Sessions, RefuseATokenThatIsNone) {
  auto bad = repo->resume("zz", "public", std::chrono::milliseconds(0));
  EXPECT_EQ(bad.error().kind, Error::Kind::invalid);
}

}  // namespace
}  // namespace ukstore::tests
