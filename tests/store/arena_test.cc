// Arenas live as long as something names what they hold, and no longer.

#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>
#include <ukstore/store/tree_access.h>

#include <gtest/gtest.h>

#include "stores.h"

namespace ukstore::tests {
namespace {

class ArenaLife : public testing::Test {
 protected:
  std::unique_ptr<Store> store = must(Store::open(make_memory_backend()));
  std::vector<std::weak_ptr<Arena>> seen;

  Tree note(Tree tree) {
    seen.push_back(tree.arena());
    return tree;
  }
  // Too much to be embedded, so that what names it has to keep it.
  Tree tree(char fill) { return note(must(Tree(store->objects()).set("value", Bytes(300, fill)))); }
  void expect_all_gone() {
    for (size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i].expired()) << i;
  }
};

TEST_F(ArenaLife, TreesThatHoldEachOtherGoWhenNobodyHoldsThem) {
  {
    Tree a = tree('a'), b = tree('b');
    const Tree in_b = note(must(b.set_tree("other", a)));
    const Tree in_a = note(must(a.set_tree("other", b)));
    const Tree both = note(must(in_a.set_tree("deep", in_b)));
    a = b = Tree(store->objects());
    EXPECT_EQ(must(both.get("deep/other/value")), Bytes(300, 'a'));
    EXPECT_EQ(must(both.get("other/value")), Bytes(300, 'b'));
  }
  expect_all_gone();
}

TEST_F(ArenaLife, ATreeMadeWithinATransactionOfWhatItGaveGoesAfterIt) {
  auto commit = [&](const std::function<Tree(Transaction&)>& make) {
    must(store->transact([&](Transaction& transaction) -> Result<void> {
      const auto head = must(transaction.head(RefKind::branch, "main"));
      CommitDraft draft{.tree = make(transaction)};
      if (head) draft.parents.push_back(head->ref);
      const auto made = must(transaction.make_commit(std::move(draft)));
      return transaction.compare_and_set(RefKind::branch, "main", head, Head{made.ref});
    }));
  };
  commit([&](Transaction&) { return tree('a'); });
  commit([&](Transaction& transaction) {
    const Tree old = note(must(must(transaction.tree_of("main")).set("more", Bytes(300, 'm'))));
    return note(must(tree('b').set_tree("old", old)));
  });
  expect_all_gone();
  EXPECT_EQ(must(must(store->branch_tree("main")).get("old/more")), Bytes(300, 'm'));
}

TEST_F(ArenaLife, ABuilderMayTakeWhatWasMadeOfItsOwnArena) {
  {
    auto arena = std::make_shared<Arena>();
    seen.push_back(arena);
    TreeBuilder builder(store->objects(), arena);
    const Payload payload = must(make_payload(store->objects(), arena, Bytes(300, 'p')));
    const Tree child = note(must(PathEdits().set("p", payload).apply_to(tree('c'))));
    must(builder.add_tree("child", child));
    must(builder.add_tree("twin", child));
    const Tree built = note(must(builder.finish()));
    EXPECT_EQ(must(built.get("twin/p")), Bytes(300, 'p'));
    EXPECT_EQ(must(built.get("child/value")), Bytes(300, 'c'));
  }
  expect_all_gone();
}

}  // namespace
}  // namespace ukstore::tests
