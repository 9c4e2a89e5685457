// Large values by their chunks, states by their nodes, and common bases that are far away.

#include <ukstore/sync/common_base.h>
#include <ukstore/sync/errors.h>

#include "two_replicas.h"

namespace ukstore::tests {
namespace {

Bytes noise(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// What came from b to a in one pull.
uint64_t pulled_bytes(TwoReplicas& two) {
  const uint64_t before = two.connection->stream().bytes_read();
  two.pull_once();
  return two.connection->stream().bytes_read() - before;
}

TEST(LargeValues, TravelByTheChunksThatAreMissing) {
  TwoReplicas two;
  Bytes value = noise(3'000'000, 1);
  must(two.b->branch("main").set("big", value));
  EXPECT_LT(pulled_bytes(two), value.size() * 102 / 100);
  EXPECT_TRUE(must(two.a->branch("main").get("big")) == value);
  value.replace(1'500'000, 10, "0123456789");
  must(two.b->branch("main").set("big", value));
  EXPECT_LT(pulled_bytes(two), 200'000u);
  EXPECT_TRUE(must(two.a->branch("main").get("big")) == value);
  must(two.b->branch("main").set("copy", value));
  EXPECT_LT(pulled_bytes(two), 1'000u);
  EXPECT_TRUE(must(two.a->branch("main").get("copy")) == value);
}

TEST(LargeValues, PushedOnesAreAskedForToo) {
  TwoReplicas two;
  const Bytes value = noise(1'000'000, 2);
  must(two.a->branch("main").set("big", value));
  auto has = std::make_shared<PeerHas>();
  Pusher pusher(*two.a, two.connection->session(), "main", has);
  pusher.push().wait(two.scope);
  EXPECT_TRUE(must(two.b->branch("main").get("big")) == value);
}

// A type that b knows and a does not.
struct Max {
  static constexpr Kind kind = Kind{200};
  static constexpr std::string_view name = "max";
  using State = Bytes;
  using Op = Bytes;
  static State initial() { return {}; }
  static State apply(const State& state, const Op& op, const Dot&) { return std::max(state, op); }
  static Result<State> merge(const State&, const State& ours, const State& theirs) {
    return std::max(ours, theirs);
  }
  static Bytes encode(const State& state) { return state; }
  static Result<State> decode(BytesView bytes) { return Bytes(bytes); }
};

// Its merge cannot be made again where its kind is unknown, so its nodes are asked for.
TEST(UnknownKinds, MergesOfThemArriveByTheirNodes) {
  TypeRegistry types;
  types.add<Max>();
  TwoReplicas two(std::move(types));
  Branch main = two.b->branch("main");
  must(main.transact([](Tx& tx) {
    tx.at<User<Max>>("high").apply("1");
    for (int i = 0; i < 500; ++i) tx.set("k" + std::to_string(i), noise(40, i));
  }));
  Branch side = must(main.fork("side"));
  must(main.transact([](Tx& tx) { tx.at<User<Max>>("high").apply("5"); }));
  must(side.transact([](Tx& tx) { tx.at<User<Max>>("high").apply("7"); }));
  must(main.merge(side));
  two.pull_once();
  EXPECT_EQ(head_of(*two.a), head_of(*two.b));
  EXPECT_EQ(must(must(two.a->branch("main").state()).at<User<Max>>("high").state()), "7");
  // Where both have changed it, the merge waits for a program that knows the kind; the head is
  // tracked, and ours stays.
  must(main.transact([](Tx& tx) { tx.at<User<Max>>("high").apply("8"); }));
  must(two.a->branch("main").transact([](Tx& tx) { tx.at<User<Max>>("high").apply("9"); }));
  const Hash ours = head_of(*two.a);
  Pulled pulled = two.pull_once();
  ASSERT_TRUE(pulled.landed && pulled.landed->not_merged);
  EXPECT_EQ(pulled.landed->not_merged->kind, Error::Kind::unsupported);
  EXPECT_EQ(head_of(*two.a), ours);
  EXPECT_EQ(head_of(*two.a, "remotes/b/main"), head_of(*two.b));
}

TEST(CommonBase, FarApartIsFoundInTwoRounds) {
  TwoReplicas two;
  for (int i = 0; i < 500; ++i) must(two.b->branch("main").set("k", std::to_string(i)));
  two.pull_once();
  const Hash common = head_of(*two.a);
  for (int i = 0; i < 300; ++i) must(two.b->branch("main").set("k", "b" + std::to_string(i)));
  for (int i = 0; i < 300; ++i) must(two.a->branch("main").set("l", "a" + std::to_string(i)));
  auto request = two.connection->session().readerRequest();
  request.setBranch(to_data("main"));
  auto found =
      find_common(two.a->store(), request.send().getReader(), head_of(*two.a)).wait(two.scope);
  // Within a thirtieth of the distance.
  const Hash& base = KJ_ASSERT_NONNULL(found);
  auto generation = [&](const Hash& hash) {
    return must(two.a->store().commit({hash, {}})).commit.generation;
  };
  EXPECT_LE(generation(base), generation(common));
  EXPECT_GE(generation(base) + 20, generation(common));
  // The tracking branch is gone: the pull finds its way all the same, and sends few commits twice.
  must(two.a->branch("remotes/b/main").drop());
  Pulled pulled = two.pull_once();
  EXPECT_GE(pulled.commits, 300u);
  EXPECT_LT(two.connection->stream().bytes_read(), 200'000u);
  EXPECT_EQ(must(two.a->branch("main").get("k")), "b299");
}

TEST(CommonBase, HistoriesWithNothingInCommonAreSentWhole) {
  TwoReplicas two;
  must(two.b->branch("main").set("x", "1"));
  must(two.a->branch("main").set("y", "1"));
  auto request = two.connection->session().readerRequest();
  request.setBranch(to_data("main"));
  auto found =
      find_common(two.a->store(), request.send().getReader(), head_of(*two.a)).wait(two.scope);
  EXPECT_TRUE(found == nullptr);
  EXPECT_EQ(two.pull_once().commits, 1u);
}

}  // namespace
}  // namespace ukstore::tests
