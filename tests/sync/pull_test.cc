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
  auto has = std::make_shared<PeerHas>();
  Pusher pusher(*two.a, two.connection->session(), "main", has);
  auto theirs = pusher.push().wait(two.scope);
  EXPECT_EQ(KJ_ASSERT_NONNULL(theirs), head_of(*two.b));
  EXPECT_EQ(must(two.b->branch("main").get("y")), "2");
  EXPECT_TRUE(pusher.push().wait(two.scope) == nullptr);
  two.pull_once();
  EXPECT_EQ(head_of(*two.a), head_of(*two.b));
}

// A clone that is cut again and again goes on where it was.
TEST(Pull, ACutCostsAtMostTwoPieces) {
  std::mt19937_64 random(1);
  TwoReplicas two;
  for (int i = 0; i < 400; ++i) {
    Bytes noise(6000, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    must(two.b->branch("main").set("k" + std::to_string(i % 50), noise));
  }
  auto c = memory_repo(3);
  pull(*c, two.connection->session(), {.remote = "b", .merge_into = "main"}).wait(two.scope);
  const uint64_t whole = two.connection->stream().bytes_read();
  uint64_t all = 0;
  int cuts = 0;
  for (;; ++cuts) {
    two.connect();
    bool done = false;
    auto pulling = kj::Promise<Pulled>(pull(*two.a, two.connection->session(),
                                            {.remote = "b", .merge_into = "main"}))
                       .then([&](Pulled) { done = true; })
                       .eagerlyEvaluate(nullptr);
    const PackedStream& stream = two.connection->stream();
    const uint64_t enough = cuts < 10 ? 100'000 + random() % 150'000 : UINT64_MAX;
    while (!done && stream.bytes_read() < enough) kj::evalLater([] {}).wait(two.scope);
    all += stream.bytes_read();
    if (done) break;
  }
  EXPECT_EQ(cuts, 10);
  EXPECT_EQ(head_of(*two.a), head_of(*two.b));
  EXPECT_LT(all, whole + 10 * 2 * kPieceBytes + 10'000) << whole;
}

TEST(Pull, FollowingGoesOnUntilItIsDropped) {
  TwoReplicas two;
  must(two.b->branch("main").set("x", "0"));
  auto has = std::make_shared<PeerHas>();
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
