// What others wrote: refused at the door, or harmless.  Property 30.
#include <ukstore/merge/foreign.h>

#include <ukstore/merge/store_graph.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/merge/foreign_world.h>
#include <ukstore/tests/merge/repo_fixture.h>

#include <random>

namespace ukstore::tests {
namespace {

using Random = std::mt19937_64;

class Foreign : public WithRepo {
 protected:
  void SetUp() override { types.add<Max>(); }
  State empty() { return State(Tree(repo->store().objects())); }
  State write(const State& on, uint64_t generation, uint8_t replica,
              const WriteFunction& function) {
    Tx tx(on, DotMint(generation, seeded_ids(replica)(), 1));
    function(tx);
    return ok(tx.finish());
  }
  static void everything(Tx& tx) {
    tx.set("file", "short");
    tx.set("dir/long", Bytes(100, 'x'));
    tx.at<Counter>("counter").add(3);
    tx.at<Set<>>("set").insert("e");
    tx.at<Flag>("flag").enable();
    tx.at<MultiValue<>>("mv").write("v");
    tx.at<LastWriter<>>("lww").write("w");
    tx.at<AppendLog<>>("log").append("line");
    tx.at<Map<Counter>>("map").at("k").add(1);
    tx.at<User<Max>>("max").apply(7);
  }
  Bytes dots(std::initializer_list<uint64_t> numbers) {
    Bytes bytes;
    for (uint64_t n : numbers) append_dot(bytes, {5, seeded_ids(9)(), n});
    return bytes;
  }
  Tree edited(const std::vector<Edit>& edits) { return ok(empty().tree().apply(edits)); }
  // A position with a header and what stands beside it.
  Edit position(Kind kind, Bytes header, std::vector<Edit> child) {
    Edit edit = Edit::inside("p", std::move(child));
    edit.payload = Edit::Part::set;
    edit.kind = static_cast<uint8_t>(kind);
    edit.new_payload = std::move(header);
    return edit;
  }
  // The entry of a typed value: one dot.
  Bytes typed_header() { return Bytes(1, '\1') + dots({1}); }
  Edit typed(Kind kind, std::vector<Edit> entries) {
    std::ranges::sort(entries, {}, &Edit::key);
    return position(kind, typed_header(), {Edit::inside(value_key(kind), std::move(entries))});
  }
  Edit item(Kind kind, Bytes key, Bytes payload) {
    return Edit::put(std::move(key), static_cast<uint8_t>(kind), std::move(payload));
  }
  TypeRegistry types;
};

TEST_F(Foreign, WhatWritersAndMergesMakeIsAccepted) {
  State base = write(empty(), 1, 1, everything);
  ok(check_state(base, types));
  State ours = write(base, 2, 2, [](Tx& tx) {
    tx.set("file", Bytes(70, 'o'));
    tx.at<Set<>>("set").insert("f");
    tx.at<Counter>("counter").add(1);
    tx.remove("dir");
  });
  State theirs = write(base, 2, 3, [](Tx& tx) {
    tx.set("file", Bytes(70, 't'));
    tx.at<Set<>>("set").erase("e");
    tx.at<Counter>("file").add(1);
  });
  ok(check_change(base, ours, types, 2));
  NoGraph none;
  State merged(ok(MergeEngine(none, types).merge_trees(base.tree(), ours.tree(), theirs.tree())));
  ok(check_state(merged, types));
  EXPECT_FALSE(ok(merged.conflicts()).empty());
}

TEST_F(Foreign, WhatNoWriterMakesIsRefused) {
  Bytes dot = dots({2}), header = typed_header();
  std::vector<std::pair<std::string, Edit>> planted{
      {"no header", Edit::put("p", 1, Bytes("junk"))},
      {"an empty header", Edit::put("p", 1, Bytes())},
      {"dots that fall", Edit::put("p", 17, Bytes(1, '\2') + dots({2, 1}))},
      {"a kind that is none", Edit::put("p", 9, header)},
      {"kinds that do not differ", Edit::put("p", 255, Bytes(1, '\x11') + header)},
      {"a value beside the header that is not there", Edit::put("p", 1, header + Bytes(1, '\0'))},
      {"a long value without a header",
       Edit::inside("p", {item(Kind::file, beside_key(0), Bytes(50, 'x'))})},
      {"a value without its entry",
       Edit::inside("p", {Edit::inside(value_key(Kind::flag), {item(Kind::flag, dot, "")})})},
      {"a value of another kind than its entry's",
       position(Kind::counter, header,
                {Edit::inside(value_key(Kind::flag), {item(Kind::flag, dot, "")})})},
      {"a reserved key that is none",
       position(Kind::counter, header, {item(Kind::file, Bytes(1, '\0'), "x")})},
      {"a key that is no dot", typed(Kind::counter, {item(Kind::counter, "x", "\2")})},
      {"a key longer than a dot", typed(Kind::counter, {item(Kind::counter, dot + "x", "\2")})},
      {"an amount that is no number", typed(Kind::counter, {item(Kind::counter, dot, "")})},
      {"an amount in a long form",
       typed(Kind::counter, {item(Kind::counter, dot, Bytes("\x82\0", 2))})},
      {"an entry of another kind", typed(Kind::counter, {item(Kind::flag, dot, "\2")})},
      {"a flag with a value", typed(Kind::flag, {item(Kind::flag, dot, "on")})},
      {"an element without dots", typed(Kind::set, {item(Kind::set, "ex", "")})},
      {"an element with half a dot",
       typed(Kind::set, {item(Kind::set, "ex", dot.substr(0, dot.size() - 1))})},
      {"a key that is no element", typed(Kind::set, {item(Kind::set, "x", dot)})},
      {"a child in a set", typed(Kind::set, {Edit::inside("ex", {item(Kind::set, "ex", dot)})})},
      {"a payload where a value's tree belongs",
       position(Kind::set, header, {item(Kind::set, value_key(Kind::set), "x")})},
      {"a tree where a type's bytes belong",
       position(Max::kind, header,
                {Edit::inside(value_key(Max::kind), {item(Max::kind, "x", "")})})},
      {"the initial state of a type",
       position(Max::kind, header, {item(Max::kind, value_key(Max::kind), Bytes(8, '\0'))})},
      {"bytes that are no state of a type",
       position(Max::kind, header, {item(Max::kind, value_key(Max::kind), "7")})},
      {"a step with a slash", Edit::put("a/b", 17, header)},
      {"a step that is too long", Edit::put(Bytes(300, 'a'), 17, header)},
  };
  for (const auto& [what, edit] : planted) {
    auto checked = check_state(State(edited({edit})), types);
    ASSERT_FALSE(checked) << what;
    EXPECT_EQ(checked.error().kind, Error::Kind::corrupt) << what;
  }
  EXPECT_FALSE(check_state(State(edited({item(Kind::flag, value_key(Kind::flag), "")})), types));
  // The same made well is accepted.
  ok(check_state(State(edited({typed(Kind::set, {item(Kind::set, "ex", dot)})})), types));
}

TEST_F(Foreign, ACommitMintsDotsOfItsGenerationOnce) {
  State base = write(empty(), 1, 1, everything);
  State next = write(base, 2, 1, [](Tx& tx) { tx.set("new", "1"); });
  ok(check_change(base, next, types, 2));
  EXPECT_FALSE(check_change(base, next, types, 3));
  State rewritten = write(base, 2, 1, [](Tx& tx) { tx.at<Set<>>("set").insert("f"); });
  ok(check_change(base, rewritten, types, 2));
  Bytes dot = dots({2});
  auto twice = edited({typed(Kind::set, {item(Kind::set, "ex", dot), item(Kind::set, "ey", dot)})});
  ok(check_change(empty(), State(twice), types));
  EXPECT_FALSE(check_change(empty(), State(twice), types, 5));
}

// A commit by hand, as a peer could send it.
class ForeignCommits : public Foreign {
 protected:
  ObjectRef commit(const State& state, std::vector<ObjectRef> parents, bool canonical) {
    ObjectRef made;
    ok(repo->store().transact([&](Transaction& transaction) -> Result<void> {
      auto stored = transaction.make_commit(
          {.tree = state.tree(), .parents = std::move(parents), .canonical_merge = canonical});
      if (!stored) return pass_on(stored);
      made = stored->ref;
      return transaction.compare_and_set(RefKind::branch, "remotes/" + to_hex(made.hash),
                                         std::nullopt, Head{made, ObjectKind::commit});
    }));
    return made;
  }
  Result<void> check(const ObjectRef& ref) {
    auto source = ok(repo->store().commits());
    return check_history(*source, std::span(&ref, 1), {}, types);
  }
};

TEST_F(ForeignCommits, HistoriesOfWritersPass) {
  Branch a = branch("a");
  ok(a.transact(everything));
  Branch b = ok(a.fork("b"));
  for (int round = 0; round < 3; ++round) {
    ok(a.transact([&](Tx& tx) { tx.set("f" + std::to_string(round), "a"); }));
    ok(b.transact([&](Tx& tx) { tx.at<Counter>("counter").add(round + 1); }));
    ObjectRef ours = head(a);
    ok(a.merge(b, {.info = {.message = "by hand"}}));
    ok(b.merge(ours));
  }
  ok(a.set("x", "ours"));
  ok(b.set("x", "theirs"));
  ok(a.merge(b, {.policy = Policy::theirs}));
  ok(a.cherry_pick(head(b), {.parent = std::nullopt}));
  ok(check(head(a)));
  ok(check(head(b)));
}
TEST_F(ForeignCommits, AForgedMergeIsRefused) {
  State base = write(empty(), 1, 1, everything);
  ObjectRef root = commit(base, {}, false);
  State ours = write(base, 2, 2, [](Tx& tx) { tx.set("f", "ours"); });
  State theirs = write(base, 2, 3, [](Tx& tx) { tx.set("g", "theirs"); });
  ObjectRef a = commit(ours, {root}, false), b = commit(theirs, {root}, false);
  ok(check(a));
  ok(check(b));
  NoGraph none;
  State merged(ok(MergeEngine(none, types).merge_trees(base.tree(), ours.tree(), theirs.tree())));
  ok(check(commit(merged, {a, b}, true)));
  EXPECT_EQ(check(commit(ours, {a, b}, true)).error().kind, Error::Kind::corrupt);
}
TEST_F(ForeignCommits, ADotThatComesBackIsRefused) {
  State base = write(empty(), 1, 1, everything);
  State removed = write(base, 2, 1, [](Tx& tx) { tx.remove("file"); });
  ObjectRef root = commit(base, {}, false), removal = commit(removed, {root}, false);
  ok(check(removal));
  EXPECT_EQ(check(commit(base, {removal}, false)).error().kind, Error::Kind::corrupt);
}

// ---- Property 30: bytes turned over at random.

TEST_F(Foreign, AStateThatPassesMergesByTheLawsAndNoneDoesHarm) {
  NoGraph none;
  int accepted = 0, refused = 0;
  for (int seed = 1; seed <= count(1'000, 50'000); ++seed) {
    Random random(static_cast<uint64_t>(seed));
    State base = write(empty(), 1, 1, everything);
    Damage damage([&random] { return random(); }, 8 + random() % 200);
    auto side = [&](uint8_t replica) {
      State changed = write(base, 2, replica, [&](Tx& tx) {
        tx.set(random() % 2 ? "file" : "dir", std::to_string(random()));
        tx.at<Counter>(random() % 2 ? "counter" : "file").add(2);
        if (random() % 2) tx.remove("map");
        tx.at<Set<>>("set").insert(std::to_string(random() % 3));
        tx.at<User<Max>>("max").apply(random() % 20);
      });
      return damage.of(changed.tree());
    };
    Tree l = damage.of(base.tree()), a = side(2), b = side(3);
    auto merge = [&](const Tree& base_tree, const Tree& ours, const Tree& theirs) {
      return MergeEngine(none, types).merge_trees(base_tree, ours, theirs);
    };
    auto one = merge(l, a, b), other = merge(l, b, a);  // never a crash
    bool good = check_state(State(l), types) && check_state(State(a), types) &&
                check_state(State(b), types);
    ++(good ? accepted : refused);
    if (!good) continue;
    ASSERT_EQ(ok(merge(l, l, b)), b) << "seed " << seed;
    ASSERT_EQ(ok(merge(l, a, l)), a) << "seed " << seed;
    ASSERT_EQ(ok(merge(l, a, a)), a) << "seed " << seed;
    ASSERT_EQ(one.has_value(), other.has_value()) << "seed " << seed;
    if (!one) {  // a dot with two meanings
      ASSERT_EQ(one.error().kind, Error::Kind::corrupt) << one.error().message;
      continue;
    }
    ASSERT_EQ(*one, *other) << "seed " << seed;
    // And gives a state again, if the sides are what commits make of the base.
    if (check_change(State(l), State(a), types, 2) && check_change(State(l), State(b), types, 2)) {
      ok(check_state(State(*one), types));
    }
  }
  EXPECT_GT(accepted, 50);
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace ukstore::tests
