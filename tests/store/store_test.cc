#include "stores.h"

#include <ukstore/store/lmdb_backend.h>

namespace ukstore::tests {
namespace {

using namespace std::chrono_literals;

class StoreTest : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Each, StoreTest, each_backend, backend_name);

TEST_P(StoreTest, ANewStoreHasNoBranchAndAnEmptyTree) {
  EXPECT_EQ(must(store->head(RefKind::branch, "main")), std::nullopt);
  EXPECT_TRUE(must(store->branch_tree("main")).empty());
  EXPECT_TRUE(must(store->refs(RefKind::branch)).empty());
  EXPECT_EQ(must(store->last_sequence()), 0u);
}

TEST_P(StoreTest, WhatIsCommittedIsReadBackAlsoAfterReopening) {
  store.set("main", "notes/today", "hi");
  Head second = store.set("main", "notes/tomorrow", "ho");
  store.reopen();
  EXPECT_EQ(store.get("main", "notes/today"), "hi");
  EXPECT_EQ(store.get("main", "notes/tomorrow"), "ho");
  EXPECT_EQ(store.head("main"), second);
  StoredCommit commit = must(store->commit(store.head("main").ref));
  EXPECT_EQ(commit.commit.generation, 2u);
  EXPECT_EQ(commit.commit.parents.size(), 1u);
  EXPECT_EQ(must(store->tree(commit)), must(store->branch_tree("main")));
}

TEST_P(StoreTest, AFailingFunctionChangesNothingAndItsErrorComesBack) {
  store.set("main", "a", "1");
  Head before = store.head("main");
  auto failed = store->transact([&](Transaction& transaction) -> Result<void> {
    auto commit = transaction.make_commit({.tree = Tree(transaction.objects())});
    if (!commit) return pass_on(commit);
    auto ok = transaction.compare_and_set(RefKind::branch, "main", before, Head{commit->ref});
    if (!ok) return ok;
    if (auto put = transaction.put_record("key", "value"); !put) return put;
    return fail(Error::Kind::limit, "no");
  });
  EXPECT_EQ(failed.error(), (Error{Error::Kind::limit, "no"}));
  EXPECT_EQ(store.head("main"), before);
  EXPECT_EQ(must(store->record("key")), std::nullopt);
  EXPECT_EQ(must(store->last_sequence()), 1u);
}

TEST_P(StoreTest, WhatAFunctionThrowsReachesItsCallerAndTheStoreGoesOn) {
  EXPECT_THROW(
      {
        auto never =
            store->transact([](Transaction&) -> Result<void> { throw std::runtime_error("x"); });
      },
      std::runtime_error);
  store.set("main", "a", "1");
  EXPECT_EQ(store.get("main", "a"), "1");
}

TEST_P(StoreTest, ComparingWithAnOldHeadFailsAndNamesBoth) {
  Head first = store.set("main", "a", "1"), second = store.set("main", "a", "2");
  auto moved = store->transact([&](Transaction& transaction) {
    return transaction.compare_and_set(RefKind::branch, "main", first, std::nullopt);
  });
  EXPECT_EQ(failure(moved), Error::Kind::moved);
  EXPECT_NE(moved.error().message.find(to_hex(first.ref.hash)), Bytes::npos);
  EXPECT_NE(moved.error().message.find(to_hex(second.ref.hash)), Bytes::npos);
}

TEST_P(StoreTest, AHeadCannotNameWhatIsNotThereOrNoCommit) {
  store.set("main", "a", "1");
  Head missing{{hash_object(ObjectKind::commit, "x"), {}}};
  EXPECT_EQ(failure(store->transact(set_branch("main", missing))), Error::Kind::not_found);
  StoredCommit commit = must(store->commit(store.head("main").ref));
  Head tree{commit.commit.tree, ObjectKind::leaf};
  EXPECT_EQ(failure(store->transact(set_branch("main", tree))), Error::Kind::invalid);
  Head lie{commit.commit.tree, ObjectKind::commit};
  EXPECT_EQ(failure(store->transact(set_branch("main", lie))), Error::Kind::invalid);
}

TEST_P(StoreTest, NamesOfRefsKeepTheirRules) {
  Head head = store.set("main", "a", "1");
  for (BytesView name : {"", "/a", "a/", "a//b", "a/../b", ".", "a/."}) {
    EXPECT_EQ(failure(store->transact(set_branch(Bytes(name), head))), Error::Kind::invalid)
        << name;
  }
  EXPECT_EQ(failure(store->transact(set_branch(Bytes("a\0b", 3), head))), Error::Kind::invalid);
  EXPECT_EQ(failure(store->transact(set_branch(Bytes(256, 'x'), head))), Error::Kind::invalid);
  for (const Bytes& name : {Bytes(255, 'x'), Bytes("remotes/x/main"), Bytes("\xff\x01..")}) {
    must(store->transact(set_branch(name, head)));
    EXPECT_EQ(store.head(name), head);
  }
  EXPECT_EQ(must(store->refs(RefKind::branch)).size(), 4u);
}

TEST_P(StoreTest, TransactionsWithinTransactionsAreRefused) {
  auto outer = store->transact([&](Transaction&) -> Result<void> {
    EXPECT_EQ(failure(store->transact(set_branch("x", std::nullopt))), Error::Kind::invalid);
    EXPECT_EQ(failure(store->flush()), Error::Kind::invalid);
    return {};
  });
  EXPECT_TRUE(outer);
}

TEST_P(StoreTest, ParentsAreSortedUniqueAndGiveTheGeneration) {
  Head a = store.commit_on("a", {}), b = store.commit_on("b", {a.ref}),
       c = store.commit_on("c", {b.ref});
  Head merge = store.commit_on("m", {c.ref, a.ref, c.ref, a.ref});
  StoredCommit commit = must(store->commit(merge.ref));
  EXPECT_EQ(commit.commit.generation, 4u);
  ASSERT_EQ(commit.commit.parents.size(), 2u);
  EXPECT_LT(commit.commit.parents[0].hash, commit.commit.parents[1].hash);
}

TEST_P(StoreTest, AnnotatedTagsPointToAnyObject) {
  Head head = store.set("main", "a", "1");
  Tag tag{
      .target = head.ref, .name = "v1", .tagger = Signature{"A <a@b>", -5, 60}, .message = "one"};
  ObjectRef made;
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    auto ref = transaction.make_tag(tag);
    if (!ref) return pass_on(ref);
    made = {ref->hash, {}};
    return transaction.compare_and_set(RefKind::tag, "v1", {}, Head{*ref, ObjectKind::tag});
  }));
  store.reopen();
  auto refs = must(store->refs(RefKind::tag));
  ASSERT_EQ(refs.size(), 1u);
  EXPECT_EQ(refs[0].second.ref, made);
  EXPECT_EQ(must(store->tag(refs[0].second.ref)), tag);
  EXPECT_TRUE(must(store->refs(RefKind::branch)).size() == 1);
}

TEST_P(StoreTest, PrivateRecordsMoveWithTheirTransaction) {
  must(store->transact([](Transaction& transaction) -> Result<void> {
    if (auto ok = transaction.put_record("id", "7"); !ok) return ok;
    EXPECT_EQ(must(transaction.record("id")), "7");
    return transaction.put_record(Bytes(255, 'k'), "long");
  }));
  store.reopen();
  EXPECT_EQ(must(store->record("id")), "7");
  EXPECT_EQ(must(store->record(Bytes(255, 'k'))), "long");
  must(store->transact([](Transaction& transaction) { return transaction.erase_record("id"); }));
  EXPECT_EQ(must(store->record("id")), std::nullopt);
  EXPECT_EQ(must(store->last_sequence()), 0u) << "no ref changed";
}

TEST_P(StoreTest, AfterCloseEverythingIsRefused) {
  Head head = store.set("main", "a", "1");
  must(store->close());
  EXPECT_EQ(failure(store->head(RefKind::branch, "main")), Error::Kind::closed);
  EXPECT_EQ(failure(store->transact(set_branch("b", head))), Error::Kind::closed);
  EXPECT_EQ(failure(store->flush()), Error::Kind::closed);
  EXPECT_EQ(failure(store->undo()), Error::Kind::closed);
  EXPECT_TRUE(store->close()) << "closing twice is no mistake";
}

// ---- Lazy transactions.

class LazyStoreTest : public testing::TestWithParam<BackendKind> {
 protected:
  StoreUnderTest store{GetParam(), {.durability = Durability::lazy}};
  uint64_t segments() { return must(must(store->objects().backend().snapshot())->last_segment()); }
};
INSTANTIATE_TEST_SUITE_P(Each, LazyStoreTest, each_backend, backend_name);

TEST_P(LazyStoreTest, WhatWaitsIsReadAndNothingIsWrittenBeforeAFlush) {
  Head first = store.set("main", "a", "1"), second = store.set("main", "b/c", "2");
  EXPECT_EQ(segments(), 0u);
  EXPECT_EQ(store.head("main"), second);
  EXPECT_EQ(store.get("main", "a"), "1");
  EXPECT_EQ(store.get("main", "b/c"), "2");
  EXPECT_EQ(must(store->refs(RefKind::branch)).size(), 1u);
  EXPECT_EQ(must(store->last_sequence()), 2u);
  StoredCommit commit = must(store->commit(second.ref));
  EXPECT_EQ(commit.commit.parents, std::vector{first.ref});
  EXPECT_EQ(must(must(store->tree(commit)).get("a")), "1");
  EXPECT_EQ(must(must(store->tree(must(store->commit(first.ref)))).get("b/c")), std::nullopt);
  must(store->flush());
  EXPECT_EQ(segments(), 1u) << "one segment for both";
  EXPECT_EQ(must(must(store->tree(commit)).get("a")), "1") << "hints from before still lead there";
  store.reopen();
  EXPECT_EQ(store.get("main", "b/c"), "2");
  EXPECT_EQ(must(store->journal(0, 10, Direction::forward)).size(), 2u);
}

TEST_P(LazyStoreTest, TreesAndCommitsTakenWhileTheyWaitedStayGood) {
  store.set("main", "a", "1");
  Tree tree = must(store->branch_tree("main"));
  StoredCommit leaked;
  std::optional<Tree> kept;
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    kept = must(must(transaction.tree_of("main")).set("big", Bytes(5000, 'x')));
    leaked = must(transaction.make_commit({.tree = *kept, .parents = {store.head("main").ref}}));
    return transaction.compare_and_set(RefKind::branch, "main", store.head("main"),
                                       Head{leaked.ref});
  }));
  must(store->flush());
  store.set("main", "z", "9");
  must(store->flush());
  EXPECT_EQ(must(tree.get("a")), "1");
  EXPECT_EQ(must(kept->get("big"))->size(), 5000u);
  EXPECT_EQ(must(store->commit(leaked.ref)).commit.generation, 2u);
  EXPECT_EQ(must(must(store->tree(leaked)).get("a")), "1");
  must(store->transact(set_branch("other", Head{leaked.ref})));
  EXPECT_EQ(store.head("other").ref, leaked.ref);
}

TEST_P(LazyStoreTest, MuchThatWaitsIsWrittenWithoutBeingAskedFor) {
  for (int i = 0; i < 20; ++i) {
    store.set("main", "k" + std::to_string(i), Bytes(300'000, static_cast<char>('a' + i)));
  }
  EXPECT_GT(segments(), 0u);
  EXPECT_EQ(store.get("main", "k19")->size(), 300'000u);
  EXPECT_EQ(store.get("main", "k0")->size(), 300'000u);
}

TEST_P(LazyStoreTest, ADurableTransactionTakesAlongWhatWaits) {
  Head lazy = store.set("main", "a", "1");
  must(store->transact(set_branch("other", lazy), {.durability = Durability::durable}));
  EXPECT_EQ(segments(), 1u);
  store.reopen();
  EXPECT_EQ(store.head("main"), lazy);
  EXPECT_EQ(store.head("other"), lazy);
}

TEST_P(LazyStoreTest, AFailingFunctionLeavesWhatWaitedBeforeIt) {
  Head first = store.set("main", "a", "1");
  auto failed = store->transact([&](Transaction& transaction) -> Result<void> {
    if (auto ok = transaction.compare_and_set(RefKind::branch, "main", first, {}); !ok) return ok;
    return fail(Error::Kind::limit, "no");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(store.head("main"), first);
  store.set("main", "b", "2");
  EXPECT_EQ(store.get("main", "a"), "1");
}

TEST_P(LazyStoreTest, ManyThatWaitAreFreedWithoutADeepStack) {
  for (int i = 0; i < 3000; ++i) store.set("main", "a", std::to_string(i));
  must(store->flush());
  EXPECT_EQ(store.get("main", "a"), "2999");
}

TEST_P(LazyStoreTest, HistoryIsWalkedThroughWhatWaits) {
  Head a = store.commit_on("a", {}), b = store.commit_on("b", {a.ref}, "b"),
       c = store.commit_on("c", {a.ref}, "c");
  auto source = must(store->commits());
  WalkBudget budget;
  auto bases = must(merge_bases(*source, b.ref, c.ref, budget));
  ASSERT_EQ(bases.size(), 1u);
  EXPECT_EQ(bases[0].ref, a.ref);
  must(store->flush());
  EXPECT_TRUE(must(is_ancestor(*source, a.ref, c.ref, budget)));
  EXPECT_EQ(must(store->commit(bases[0].ref)).commit.generation, 1u);
}

TEST_P(LazyStoreTest, UnwrittenCommitsThatNoRefTookAreNotWritten) {
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    auto tree = must(Tree(transaction.objects()).set("x", Bytes(1000, 'x')));
    must(transaction.make_commit({.tree = tree}));
    return transaction.put_record("a", "b");
  }));
  must(store->flush());
  EXPECT_EQ(segments(), 0u);
}

}  // namespace
}  // namespace ukstore::tests
