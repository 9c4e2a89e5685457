// Behaviours of Irmin's test suite that trees hold themselves to; the number is the line of the
// list in docs/testing-irmin.md.

#include <ukstore/store/diff.h>
#include <ukstore/tests/counts.h>

#include "stores.h"

#include <algorithm>
#include <map>

namespace ukstore::tests {
namespace {

class IrminTree : public OnEveryStore {
 protected:
  Tree empty() { return Tree(store->objects()); }
  static Tree with(const Tree& tree, std::map<Bytes, Bytes> values) {
    PathEdits edits;
    for (const auto& [path, value] : values) edits.set(path, value);
    return must(edits.apply_to(tree));
  }
  // Contents and directories with their depth: Irmin's fold.
  struct Folded {
    std::vector<Bytes> contents, nodes;
    bool operator==(const Folded&) const = default;
  };
  static void fold(const Tree& tree, const std::function<bool(int)>& wants, Folded& to,
                   int depth = 0, const Bytes& path = "") {
    if (wants(depth)) to.nodes.push_back(path);
    for (const Item& item : must(tree.list())) {
      Bytes below = path.empty() ? item.key : path + "/" + item.key;
      if (item.entry.has_payload() && wants(depth + 1)) to.contents.push_back(below);
      if (item.entry.has_child()) fold(must(tree.child(item.entry)), wants, to, depth + 1, below);
    }
  }
  // A tree as it is after a commit and a reopening.
  Tree stored(const Tree& tree, BytesView branch = "stored") {
    store.commit(branch, [&](const Tree&) { return Result<Tree>(tree); });
    return must(store->branch_tree(branch));
  }
};
INSTANTIATE_TEST_SUITE_P(Each, IrminTree, each_backend, backend_name);
using Paths = std::vector<Bytes>;

TEST_P(IrminTree, Line1a_FoldingByDepthYieldsExactlyWhatIsThere) {
  Tree tree = stored(with(empty(), {{"a/aa/1", "x"}, {"a/b", "y"}, {"c", "z"}}));
  auto folded = [&](auto wants) {
    Folded result;
    fold(tree, wants, result);
    return result;
  };
  EXPECT_EQ(folded([](int d) { return d == 0; }), (Folded{{}, {""}}));
  EXPECT_EQ(folded([](int d) { return d == 1; }), (Folded{{"c"}, {"a"}}));
  EXPECT_EQ(folded([](int d) { return d == 2; }), (Folded{{"a/b"}, {"a/aa"}}));
  EXPECT_EQ(folded([](int d) { return d < 2; }), (Folded{{"c"}, {"", "a"}}));
  EXPECT_EQ(folded([](int d) { return d <= 2; }), (Folded{{"a/b", "c"}, {"", "a", "a/aa"}}));
  EXPECT_EQ(folded([](int d) { return d >= 2; }), (Folded{{"a/aa/1", "a/b"}, {"a/aa"}}));
  EXPECT_EQ(folded([](int d) { return d > 2; }), (Folded{{"a/aa/1"}, {}}));
  int calls = 0;
  must(empty().scan("", "", Direction::forward, [&](BytesView, const Entry&) {
    ++calls;
    return Flow::go_on;
  }));
  EXPECT_EQ(calls, 0);
}

TEST_P(IrminTree, Line1b_RemovingALeafLeavesItsSiblings) {
  Tree tree = with(empty(), {{"a/x", "1"}, {"a/y", "2"}, {"b", "3"}});
  Tree less = must(tree.remove("a/x"));
  EXPECT_EQ(must(less.get("a/x")), std::nullopt);
  EXPECT_EQ(must(less.get("a/y")), "2");
  EXPECT_EQ(must(less.get("b")), "3");
}

TEST_P(IrminTree, Line1c_AfterRemovingAllTheTreeIsTheEmptyOneAgain) {
  EXPECT_EQ(empty().count(), 0u);
  EXPECT_EQ(empty().bytes(), 0u);
  Tree tree = with(empty(), {{"d/x", "1"}, {"d/y", "2"}});
  EXPECT_EQ(tree.count(), 1u);
  EXPECT_EQ(must(tree.subtree("d")).count(), 2u);
  Tree none = must(must(tree.remove("d/x")).remove("d/y"));
  EXPECT_EQ(none, empty());
}

TEST_P(IrminTree, Line1d_CommittingTheEmptyTreeStoresTheEmptyNode) {
  Tree tree = stored(empty());
  EXPECT_EQ(tree, empty());
  StoredCommit commit = must(store->commit(store.head("stored").ref));
  EXPECT_EQ(commit.commit.tree.hash, empty().hash());
}

TEST_P(IrminTree, Line1e_EditsThatChangeNothingGiveTheSameTree) {
  Tree tree = stored(with(empty(), {{"a/x", "1"}, {"b", Bytes(300, 'b')}}));
  uint64_t written = store->objects().counts().written;
  EXPECT_EQ(must(tree.set("a/x", "1")), tree);
  EXPECT_EQ(must(tree.remove("absent")), tree);
  EXPECT_EQ(must(tree.set_tree("a", must(tree.subtree("a")))), tree);
  EXPECT_EQ(stored(must(tree.set("b", Bytes(300, 'b')))), tree);
  EXPECT_LE(store->objects().counts().written, written + 1) << "nothing but the commit";
}

TEST_P(IrminTree, Line1f_DiffsSayWhatWasAddedRemovedAndUpdated) {
  struct Change {
    Bytes path;
    bool before, after;
    bool operator==(const Change&) const = default;
  };
  auto changes = [](const Tree& a, const Tree& b) {
    std::vector<Change> found;
    must(diff_paths(
        a, b,
        [&](BytesView path, const std::optional<Entry>& before, const std::optional<Entry>& after) {
          found.push_back({Bytes(path), before.has_value(), after.has_value()});
          return Flow::go_on;
        }));
    return found;
  };
  using Changes = std::vector<Change>;
  Tree one = with(empty(), {{"k", "1"}}), two = with(empty(), {{"k", "2"}});
  EXPECT_EQ(changes(empty(), one), (Changes{{"k", false, true}}));
  EXPECT_EQ(changes(one, empty()), (Changes{{"k", true, false}}));
  EXPECT_EQ(changes(one, two), (Changes{{"k", true, true}}));
  EXPECT_EQ(changes(one, with(one, {{"d/e/f", "3"}})), (Changes{{"d/e/f", false, true}}));
  EXPECT_EQ(changes(two, two), Changes{});
}

TEST_P(IrminTree, Line1g_TheCountOfADirectoryIsTheLengthOfItsList) {
  Tree tree = stored(with(empty(), {{"d/1", "a"}, {"d/2", "b"}, {"d/3", "c"}, {"f", "x"}}));
  for (BytesView path : {"", "d"}) {
    Tree at = path.empty() ? tree : must(tree.subtree(path));
    EXPECT_EQ(at.count(), must(at.list()).size());
  }
  EXPECT_EQ(must(tree.subtree("f")).count(), 0u);
}

TEST_P(IrminTree, Line1h_PagesConcatenateToTheWhole) {
  Tree tree = stored(with(empty(), {{"1", ""}, {"2", ""}, {"3", ""}, {"4", ""}, {"5", ""}}));
  for (uint64_t size : {2, 3, 4, 5}) {
    Bytes whole;
    for (uint64_t at = 0; at < 5; at += size) {
      for (const Item& item : must(tree.list(at, size))) whole += item.key;
    }
    EXPECT_EQ(whole, "12345") << size;
  }
  EXPECT_TRUE(must(tree.list(5, 2)).empty());
  EXPECT_TRUE(must(tree.list(100)).empty());
}

// Irmin's concrete trees are our lists of items.
TEST_P(IrminTree, Line1i_ATreeBuiltFromTheListOfAnotherIsEqual) {
  Tree tree = stored(with(empty(), {{"a", "1"}, {"b/c", "2"}, {"d", Bytes(100, 'd')}}));
  TreeBuilder builder(store->objects(), std::make_shared<Arena>());
  for (const Item& item : must(tree.list())) {
    if (item.entry.has_child())
      must(builder.add_tree(item.key, must(tree.child(item.entry))));
    else
      must(builder.add(item.key, item.entry.kind, must(tree.read(item.entry))));
  }
  EXPECT_EQ(must(builder.finish()), tree);
}

// Irmin lets a detached tree be a value at its root; our trees are directories, and a value has a
// path.
TEST_P(IrminTree, Line1j_15_AValueAtTheRootIsRefused) {
  EXPECT_EQ(failure(empty().set("", "x")), Error::Kind::invalid);
}

TEST_P(IrminTree, Line1k_OneTreeWrittenAtTwoPathsReadsBackAtBoth) {
  Tree part = with(empty(), {{"x", "1"}, {"y/z", "2"}});
  Tree tree = stored(must(must(empty().set_tree("a", part)).set_tree("b", part)));
  EXPECT_EQ(must(tree.get("a/y/z")), "2");
  EXPECT_EQ(must(tree.get("b/y/z")), "2");
  EXPECT_EQ(must(tree.subtree("a")), must(tree.subtree("b")));
}

TEST_P(IrminTree, Line1n_ADirectoryGivesWayToAFile) {
  Tree tree = stored(with(empty(), {{"d/x", "1"}, {"d/y", "2"}}));
  Tree file = stored(must(tree.set("d", "file")));
  EXPECT_EQ(must(file.get("d")), "file");
  EXPECT_EQ(must(file.get("d/x")), std::nullopt);
}

TEST_P(IrminTree, Line3_NamesOfNodesFollowTheirBindingsAlone) {
  Tree tree = empty();
  std::vector<Hash> hashes;
  for (int size = 0; size <= 5; ++size) {
    EXPECT_EQ(stored(tree, "size" + std::to_string(size)).hash(), tree.hash());
    hashes.push_back(tree.hash());
    tree = must(tree.set(std::to_string(size), Bytes(50, 'v')));
  }
  EXPECT_EQ(must(tree.set("new", "x")) == tree, false);
  EXPECT_EQ(must(must(tree.set("new", "x")).remove("new")), tree);
  for (int size = 5; size >= 0; --size) {
    tree = must(tree.remove(std::to_string(size)));
    EXPECT_EQ(tree.hash(), hashes[size]);
  }
  EXPECT_EQ(must(tree.find("absent")).has_value(), false);
  EXPECT_EQ(must(empty().find("x")).has_value(), false);
  Tree nested = stored(with(empty(), {{"a/b/c", "1"}}));
  EXPECT_EQ(must(nested.get("a/b/c")), "1");
  EXPECT_EQ(must(nested.remove("a/b/c")), empty())
      << "removing the last child gives the empty tree";
}

TEST_P(IrminTree, Line7_TheHashInMemoryIsTheHashOfTheStoredNode) {
  for (BytesView path : {"a", "b/a", "c/b/a"}) {
    Tree tree = with(empty(), {{Bytes(path), Bytes(200, 'x')}});
    Hash before = tree.hash();
    stored(tree, "at" + Bytes(path));
    StoredCommit commit = must(store->commit(store.head("at" + Bytes(path)).ref));
    EXPECT_EQ(commit.commit.tree.hash, before);
    EXPECT_TRUE(must(store->objects().find(before)).has_value());
  }
}

// Irmin counts constructions of nodes in its caches; ours has none, and counts what is read and
// written.
TEST_P(IrminTree, Line10_ReadingAfterACommitWritesNothingAndACommitWritesWhatChanged) {
  std::map<Bytes, Bytes> many;
  for (int i = 0; i < 5000; ++i) many["dir/" + std::to_string(i)] = "v";
  stored(with(empty(), many), "main");
  ObjectCounts before = store->objects().counts();
  store.set("main", "dir/77", "w");
  ObjectCounts after = store->objects().counts();
  EXPECT_LE(after.written - before.written, 8u);
  EXPECT_EQ(store.get("main", "dir/77"), "w");
  EXPECT_EQ(store->objects().counts().written, after.written);
  EXPECT_LE(store->objects().counts().loads - after.loads, 10u);
}

TEST_P(IrminTree, Line14_ASubtreeCopiedToAnotherPathReadsTheSame) {
  Tree tree = stored(with(empty(), {{"from/x", "1"}, {"from/y/z", "2"}}));
  Tree copied = stored(must(tree.set_tree("to/here", must(tree.subtree("from")))));
  EXPECT_EQ(must(copied.get("to/here/y/z")), "2");
  EXPECT_EQ(must(copied.get("from/y/z")), "2");
}

TEST_P(IrminTree, Line23_TreesWhoseChildrenWereNotLoadedAreStoredAndCompared) {
  std::map<Bytes, Bytes> many;
  for (int i = 0; i < 3000; ++i) many["dir/" + std::to_string(i)] = "v";
  Tree tree = stored(with(empty(), many), "main");
  store.reopen();
  Tree again = must(store->branch_tree("main"));
  uint64_t loads = store->objects().counts().loads;
  Tree moved = must(Tree(store->objects()).set_tree("elsewhere", again));
  EXPECT_EQ(stored(moved), moved);
  EXPECT_LE(store->objects().counts().loads - loads, 20u) << "what lies below is not read";
}

TEST_P(IrminTree, Line24_ABlobOfTheBytesOfANodeHasAnotherName) {
  for (int size : {0, 1, 260}) {
    std::map<Bytes, Bytes> values;
    for (int i = 0; i < size; ++i) values[std::to_string(i)] = "v";
    Tree tree = stored(with(empty(), values), "s" + std::to_string(size));
    ObjectView node = must(store->objects().load(tree.hash(), {}));
    EXPECT_NE(hash_object(ObjectKind::blob, node.bytes), tree.hash());
    Tree both = stored(must(tree.set("blob", node.bytes)), "b" + std::to_string(size));
    EXPECT_EQ(must(both.get("blob")), node.bytes);
    StoredCommit commit = must(store->commit(store.head("b" + std::to_string(size)).ref));
    EXPECT_NE(hash_object(ObjectKind::blob, encode(commit.commit)), commit.ref.hash);
  }
}

// Irmin takes 500,000, and so does the long mode; the release build does at any time
// (Scale.IrminLine30_31).
TEST_P(IrminTree, Line30_31_AWideNodeListsRemovesAndFinds) {
  const int entries = count(20'000, 500'000);
  TreeBuilder builder(store->objects(), store->new_spilling_arena());
  char key[16];
  for (int i = 0; i < entries; ++i) {
    std::snprintf(key, sizeof key, "%06d", i);
    must(builder.add(key, 0, "v"));
  }
  Tree tree = stored(must(builder.finish()));
  EXPECT_EQ(tree.count(), static_cast<uint64_t>(entries));
  EXPECT_EQ(must(tree.list()).size(), static_cast<size_t>(entries));
  EXPECT_EQ(must(must(tree.remove("000000")).set("000000", "v")), tree);
  EXPECT_EQ(must(must(tree.set("new", "v")).remove("new")), tree);
  EXPECT_TRUE(must(tree.find("000000")).has_value());
  EXPECT_FALSE(must(tree.find("absent")).has_value());
}

}  // namespace
}  // namespace ukstore::tests
