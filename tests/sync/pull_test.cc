// Pulls and pushes between two replicas over RPC.

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

TEST(Pull, OfNothingSaysSo) {
  TwoReplicas two;
  EXPECT_EQ(two.pull_once().how, Pulled::How::absent);
}

TEST(Pull, BringsAndMerges) {
  TwoReplicas two;
  must(two.b->branch("main").set("x", "1"));
  must(two.a->branch("main").set("y", "2"));
  Pulled pulled = two.pull_once();
  EXPECT_EQ(pulled.how, Pulled::How::received);
  EXPECT_EQ(pulled.commits, 1u);
  EXPECT_EQ(must(two.a->branch("main").get("x")), "1");
  EXPECT_EQ(must(two.a->branch("main").get("y")), "2");
  EXPECT_EQ(two.pull_once().how, Pulled::How::current);
}

TEST(Push, BringsAndMerges) {
  TwoReplicas two;
  must(two.b->branch("main").set("x", "1"));
  must(two.a->branch("main").set("y", "2"));
  PeerHas has;
  Pusher pusher(*two.a, two.connection->session(), "main", has);
  auto theirs = pusher.push().wait(two.scope);
  EXPECT_EQ(KJ_ASSERT_NONNULL(theirs), head_of(*two.b));
  EXPECT_EQ(must(two.b->branch("main").get("y")), "2");
  EXPECT_TRUE(pusher.push().wait(two.scope) == nullptr);
  two.pull_once();
  EXPECT_EQ(head_of(*two.a), head_of(*two.b));
}

TEST(Pull, FollowingGoesOnUntilItIsDropped) {
  TwoReplicas two;
  must(two.b->branch("main").set("x", "0"));
  PeerHas has;
  int landed = 0;
  {
    auto following = kj::Promise<void>(follow(*two.a, two.connection->session(),
                                              {.remote = "b", .merge_into = "main"}, has,
                                              [&](const Landed&) { ++landed; }))
                         .eagerlyEvaluate(nullptr);
    for (int i = 1; i <= 5; ++i) {
      must(two.b->branch("main").set("x", std::to_string(i)));
      while (landed < i) two.scope.poll(), kj::evalLater([] {}).wait(two.scope);
      EXPECT_EQ(head_of(*two.a), head_of(*two.b));
    }
  }
  must(two.b->branch("main").set("x", "more"));
  two.scope.poll();
  EXPECT_NE(head_of(*two.a), head_of(*two.b));
}

}  // namespace
}  // namespace ukstore::tests
