// A stream of history from one store to another, without a network: what comes out is what went in.

#include <ukstore/merge/types/set.h>
#include <ukstore/store/check.h>
#include <ukstore/tests/counts.h>

#include "two_stores.h"

namespace ukstore::tests {
namespace {

struct Carried {
  Landed landed;
  size_t bytes = 0;
};

// What `from` has in main, brought to `to` and merged there.
Carried carry(Repo& from, Repo& to, std::vector<Hash> haves = {},
              size_t piece_bytes = kPieceBytes) {
  Outflow out(from.store(), haves);
  Intake in(to.store(), to.types(), {.tracking = "remotes/peer/main", .merge_into = "main"});
  in.told(haves);
  must(out.plan({head_of(from), {}}));
  Carried carried;
  for (More more = More::yes; more == More::yes;) {
    Bytes piece;
    more = must(out.append(piece, piece_bytes));
    carried.bytes += piece.size();
    auto wanted = must(in.take(std::move(piece)));
    EXPECT_FALSE(wanted);
  }
  carried.landed = must(in.land());
  EXPECT_FALSE(carried.landed.not_merged) << carried.landed.not_merged->message;
  return carried;
}

void expect_whole(Repo& repo) {
  auto report =
      must(check_store(repo.store().objects().backend(), {.depth = CheckOptions::Depth::deep}));
  for (const Problem& problem : report.problems) ADD_FAILURE() << problem.what;
}

TEST(Stream, OneCommitArrivesAsItIs) {
  auto a = memory_repo(1), b = memory_repo(2);
  must(a->branch("main").set("notes/today", "hi"));
  Carried carried = carry(*a, *b);
  EXPECT_EQ(carried.landed.commits, 1u);
  EXPECT_EQ(head_of(*b), head_of(*a));
  EXPECT_EQ(head_of(*b, "remotes/peer/main"), head_of(*a));
  EXPECT_EQ(must(b->branch("main").get("notes/today")), "hi");
  EXPECT_EQ(carry(*a, *b, {head_of(*a)}).landed.commits, 0u);
  expect_whole(*b);
}

void random_write(Repo& repo, std::mt19937_64& random) {
  must(repo.branch("main").transact([&](Tx& tx) {
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      std::string path = "d" + std::to_string(random() % 5) + "/k" + std::to_string(random() % 40);
      switch (random() % 7) {
        case 0:
          tx.remove(path);
          break;
        case 1:
          tx.at<Counter>("counters/" + std::to_string(random() % 3)).add(1);
          break;
        case 2:
          tx.at<Set<Bytes>>("sets/" + std::to_string(random() % 3))
              .insert(std::to_string(random() % 50));
          break;
        case 3:
          tx.remove("d" + std::to_string(random() % 5));
          break;
        case 4:
          tx.set(path, Bytes(random() % 5000, 'x'));
          break;
        case 5:
          tx.set(path + "/deeper/and/deeper", std::to_string(random()));
          break;
        default:
          tx.set(path, std::to_string(random()));
          break;
      }
    }
  }));
}

TEST(Stream, RandomHistoriesOfTwoConvergeWhateverThePieces) {
  const uint64_t seeds = static_cast<uint64_t>(count(12, 1000));
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    std::mt19937_64 random(seed);
    auto a = memory_repo(1), b = memory_repo(2);
    std::vector<Hash> a_knows, b_knows;
    must(a->branch("main").set("a", "1"));
    must(b->branch("main").set("b", "1"));
    for (int round = 0; round < 12; ++round) {
      for (size_t n = random() % 4; n > 0; --n) random_write(*a, random);
      for (size_t n = random() % 4; n > 0; --n) random_write(*b, random);
      size_t piece_bytes = 1 + random() % 3000;
      carry(*a, *b, b_knows, piece_bytes);
      b_knows = {head_of(*a)};
      if (random() % 2) continue;
      carry(*b, *a, {head_of(*a)}, piece_bytes);
      ASSERT_EQ(head_of(*a), head_of(*b)) << "seed " << seed;
    }
    expect_whole(*a);
    expect_whole(*b);
  }
}

}  // namespace
}  // namespace ukstore::tests
