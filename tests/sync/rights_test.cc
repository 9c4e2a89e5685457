// The list of rights: what it grants, and that a revocation beats a grant that does not know of it.

#include <ukstore/sync/rights.h>

#include "two_stores.h"

namespace ukstore::tests {
namespace {

const Bytes kPeer(64, 'a'), kOther(64, 'b');

TEST(Rights, NobodyHasAnyUntilTheyAreGranted) {
  auto repo = memory_repo(1);
  Rights rights(*repo);
  EXPECT_EQ(must(rights.of(kPeer, "main")), Right::none);
  EXPECT_FALSE(must(rights.knows(kPeer)));
  EXPECT_TRUE(must(rights.list()).empty());
}

TEST(Rights, MergingEveryBranchIsWhatAPeerGetsByDefault) {
  auto repo = memory_repo(1);
  Rights rights(*repo);
  EXPECT_TRUE(must(rights.grant({.fingerprint = kPeer})));
  EXPECT_FALSE(must(rights.grant({.fingerprint = kPeer})));
  EXPECT_EQ(must(rights.of(kPeer, "main")), Right::merge);
  EXPECT_EQ(must(rights.of(kOther, "main")), Right::none);
  EXPECT_TRUE(must(rights.knows(kPeer)));
  EXPECT_FALSE(must(rights.knows(kOther)));
  EXPECT_EQ(must(rights.list()), (std::vector<Grant>{{kPeer, Right::merge, "*"}}));
}

TEST(Rights, TheHighestGrantThatMatchesCounts) {
  auto repo = memory_repo(1);
  Rights rights(*repo);
  must(rights.grant({kPeer, Right::read, "*"}));
  must(rights.grant({kPeer, Right::write, "team/*"}));
  must(rights.grant({kPeer, Right::admin, "team/notes"}));
  EXPECT_EQ(must(rights.of(kPeer, "main")), Right::read);
  EXPECT_EQ(must(rights.of(kPeer, "team/a")), Right::write);
  EXPECT_EQ(must(rights.of(kPeer, "team/notes")), Right::admin);
  EXPECT_EQ(must(rights.of(kPeer, "team")), Right::read);
}

TEST(Rights, WhatTheNodeKeepsForItselfIsMeantOnlyByName) {
  EXPECT_FALSE(matches("*", kRightsBranch));
  EXPECT_FALSE(matches("*", "remotes/a/main"));
  EXPECT_FALSE(matches("r*", "remotes/a/main"));
  EXPECT_TRUE(matches("remotes/*", "remotes/a/main"));
  EXPECT_TRUE(matches("ukstore/rights", kRightsBranch));
  EXPECT_TRUE(matches("*", "main"));
  EXPECT_TRUE(matches("ma*", "main"));
  EXPECT_FALSE(matches("main", "mainly"));
}

TEST(Rights, RevokingTakesTheRightAndThoseThatIncludeIt) {
  auto repo = memory_repo(1);
  Rights rights(*repo);
  for (Right level : {Right::read, Right::merge, Right::write, Right::admin}) {
    must(rights.grant({kPeer, level, "main"}));
  }
  must(rights.grant({kOther, Right::admin, "main"}));
  EXPECT_TRUE(must(rights.revoke({kPeer, Right::write, "main"})));
  EXPECT_EQ(must(rights.of(kPeer, "main")), Right::merge);
  EXPECT_EQ(must(rights.of(kOther, "main")), Right::admin);
  EXPECT_TRUE(must(rights.revoke({kPeer, Right::read, "main"})));
  EXPECT_FALSE(must(rights.revoke({kPeer, Right::read, "main"})));
  EXPECT_EQ(must(rights.of(kPeer, "main")), Right::none);
  // What was revoked can be granted again by who knows of that.
  EXPECT_TRUE(must(rights.grant({kPeer, Right::merge, "main"})));
  EXPECT_EQ(must(rights.of(kPeer, "main")), Right::merge);
}

// Brings the rights of one store to another, as replication does.
void bring(Repo& from, Repo& to) {
  const Bytes branch(kRightsBranch);
  Outflow out(from.store(), {});
  must(out.plan(must(from.branch(branch).head()).value()));
  Intake in(to.store(), to.types(), {.tracking = "remotes/peer/rights", .merge_into = branch});
  Bytes stream;
  while (must(out.append(stream)) == More::yes) {
  }
  must(in.take(std::move(stream)));
  must(in.land());
}

TEST(Rights, ARevocationBeatsAConcurrentGrantWhateverTheOrder) {
  for (bool grant_first : {false, true}) {
    auto a = memory_repo(1), b = memory_repo(2);
    Rights at_a(*a), at_b(*b);
    must(at_a.grant({kPeer, Right::merge, "*"}));
    bring(*a, *b);
    ASSERT_EQ(must(at_b.of(kPeer, "main")), Right::merge);
    must(at_a.revoke({kPeer, Right::merge, "*"}));
    must(at_b.grant({kPeer, Right::merge, "*"}));
    must(at_b.grant({kPeer, Right::admin, "*"}));
    if (grant_first) {
      bring(*b, *a);
      bring(*a, *b);
    } else {
      bring(*a, *b);
      bring(*b, *a);
    }
    EXPECT_EQ(must(at_a.of(kPeer, "main")), Right::none);
    EXPECT_EQ(must(at_b.of(kPeer, "main")), Right::none);
    EXPECT_EQ(must(at_a.list()), must(at_b.list()));
    // A grant that has seen the revocation holds, on both.
    must(at_b.grant({kPeer, Right::read, "*"}));
    bring(*b, *a);
    EXPECT_EQ(must(at_a.of(kPeer, "main")), Right::read);
  }
}

TEST(Rights, ARevocationBeforeAnyGrantWasHeardOfWinsToo) {
  auto a = memory_repo(1), b = memory_repo(2);
  Rights at_a(*a), at_b(*b);
  must(at_a.revoke({kPeer, Right::read, "*"}));
  must(at_b.grant({kPeer, Right::merge, "*"}));
  bring(*a, *b);
  EXPECT_EQ(must(at_b.of(kPeer, "main")), Right::none);
}

TEST(Rights, WhatIsNoGrantIsRefusedInWords) {
  auto repo = memory_repo(1);
  Rights rights(*repo);
  for (const Grant& bad :
       {Grant{"abc", Right::read, "*"}, Grant{Bytes(64, 'A'), Right::read, "*"},
        Grant{kPeer, Right::none, "*"}, Grant{kPeer, Right::read, ""},
        Grant{kPeer, Right::read, "a//b"}, Grant{kPeer, Right::read, Bytes("a\0b", 3)}}) {
    auto granted = rights.grant(bad), revoked = rights.revoke(bad);
    ASSERT_FALSE(granted || revoked) << bad.pattern;
    EXPECT_EQ(granted.error().kind, Error::Kind::invalid);
  }
  EXPECT_FALSE(must(repo->branch(kRightsBranch).head()));
  EXPECT_EQ(right_named("merge"), Right::merge);
  EXPECT_FALSE(right_named("root"));
}

}  // namespace
}  // namespace ukstore::tests
