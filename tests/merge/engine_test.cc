// Laws of merging on states at hand: short cuts, the order of bases, maps key by key.  And what
// Irmin's suite says of its containers.
#include <ukstore/merge/store_graph.h>
#include <ukstore/tests/merge/foreign_world.h>
#include <ukstore/tests/merge/repo_fixture.h>

#include <algorithm>
#include <random>

namespace ukstore::tests {
namespace {

using Random = std::mt19937_64;

class Engine : public WithRepo {
 protected:
  // One random operation of each type, below `at`.
  static void operate(Tx& tx, Random random, const Bytes& at) {
    Bytes value = std::to_string(random() % 4);
    tx.at<Counter>(at + "counter").add(static_cast<int64_t>(random() % 9) - 4);
    if (random() % 2) {
      tx.at<Set<>>(at + "set").insert(value);
    } else {
      tx.at<Set<>>(at + "set").erase(value);
    }
    if (random() % 2) {
      tx.at<Flag>(at + "flag").enable();
    } else {
      tx.at<Flag>(at + "flag").disable();
    }
    tx.at<MultiValue<>>(at + "values").write(value);
    tx.at<LastWriter<>>(at + "last").write(value);
    tx.at<AppendLog<>>(at + "log").append(value);
    tx.set(at + "file", value);
  }
  std::string view(const State& state, const Bytes& at) {
    std::string text = std::to_string(ok(state.at<Counter>(at + "counter").value()));
    auto list = [&](const std::vector<Bytes>& items) {
      text += ";";
      for (const Bytes& item : items) text += " " + item;
    };
    list(ok(state.at<Set<>>(at + "set").elements()));
    list(ok(state.at<MultiValue<>>(at + "values").values()));
    list(ok(state.at<AppendLog<>>(at + "log").entries()));
    list({ok(state.at<LastWriter<>>(at + "last").value()).value_or("-")});
    text += ok(state.at<Flag>(at + "flag").is_on()) ? " on" : " off";
    auto file = ok(state.value(at + "file"));
    text += file ? file->description() : "-";
    return text;
  }
  // Two branches of some commits each, from one start.
  std::pair<Branch, Branch> diverged(uint64_t seed, const std::vector<Bytes>& places) {
    Random random(seed);
    Bytes name = std::to_string(seed);
    Branch a = branch("a" + name);
    auto commit = [&](Branch& to) {
      uint64_t chosen = random();
      ok(to.transact([&](Tx& tx) {
        for (const Bytes& place : places) operate(tx, Random(chosen), place);
      }));
    };
    commit(a);
    Branch b = ok(a.fork("b" + name));
    for (int i = 0; i < 4; ++i) commit(random() % 2 ? a : b);
    return {a, b};
  }
};

TEST_F(Engine, AStateWithItselfOrWithItsBaseIsTheOther) {
  NoGraph none;
  TypeRegistry types;
  auto merge = [&](const Tree& base, const Tree& ours, const Tree& theirs) {
    return ok(MergeEngine(none, types).merge_trees(base, ours, theirs));
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto [a, b] = diverged(seed, {"", "deep/er/"});
    Tree x = ok(a.state()).tree(), y = ok(b.state()).tree();
    EXPECT_EQ(merge(x, x, x), x);
    EXPECT_EQ(merge(x, y, y), y);
    EXPECT_EQ(merge(x, x, y), y);
    EXPECT_EQ(merge(x, y, x), y);
  }
}

TEST_F(Engine, BasesInAnyOrderAreOneState) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    auto [a, b] = diverged(seed, {""});
    Branch c = ok(a.fork("c" + std::to_string(seed)));
    for (Branch* each : {&a, &b, &c}) {
      ok(each->transact([&](Tx& tx) { operate(tx, Random(seed + each->name()[0]), ""); }));
    }
    auto source = ok(repo->store().commits());
    StoreGraph graph(*source);
    CommitSet set;
    for (Branch* each : {&a, &b, &c}) set.push_back(ok(graph.commit(head(*each))));
    std::ranges::sort(set);
    std::optional<Hash> root;
    do {
      MergeEngine engine(graph, repo->types());
      Hash hash = ok(engine.state_of(set, Tree(repo->store().objects()))).hash();
      EXPECT_EQ(root.value_or(hash), hash) << "seed " << seed;
      root = hash;
    } while (std::ranges::next_permutation(set).found);
  }
}

TEST_F(Engine, AMapMergesAsItsKeysDoAlone) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    // The same operations on a path of its own, below a map, and below a map in a map.
    auto [a, b] = diverged(seed, {"alone/", "map/key/", "map/in/map/"});
    for (Branch* each : {&a, &b}) {
      ok(each->transact([](Tx& tx) { tx.at<Map<>>("map/created").create(); }));
    }
    ok(a.merge(b));
    State state = ok(a.state());
    EXPECT_EQ(view(state, "map/key/"), view(state, "alone/")) << "seed " << seed;
    EXPECT_EQ(view(state, "map/in/map/"), view(state, "alone/")) << "seed " << seed;
    EXPECT_TRUE(ok(state.at<Map<>>("map/created").exists()));
  }
}

// ---- Irmin's suite of containers: 18 cases, here by what they say.

using Containers = WithRepo;

TEST_F(Containers, ACounterGoesUpAndDownAndForksAddUp) {
  Branch main = branch("main");
  auto value = [](const Branch& of) { return ok(ok(of.state()).at<Counter>("n").value()); };
  auto add = [](Branch& to, int64_t n) {
    ok(to.transact([&](Tx& tx) { tx.at<Counter>("n").add(n); }));
  };
  EXPECT_EQ(value(main), 0);
  add(main, 1);
  add(main, -3);
  EXPECT_EQ(value(main), -2);
  Branch clone = ok(main.fork("clone"));
  add(main, 5);
  add(clone, -1);
  ok(main.merge(clone));
  ok(clone.merge(main));
  EXPECT_EQ(value(main), 2);
  EXPECT_EQ(value(clone), 2);
}
TEST_F(Containers, ARegisterReadsTheLastWriteAndForksAgreeOnOne) {
  Branch main = branch("main");
  auto write = [](Branch& to, const Bytes& value) {
    ok(to.transact([&](Tx& tx) { tx.at<LastWriter<>>("r").write(value); }));
  };
  auto value = [](const Branch& of) { return ok(ok(of.state()).at<LastWriter<>>("r").value()); };
  EXPECT_EQ(value(main), std::nullopt);
  write(main, "1");
  write(main, "2");
  EXPECT_EQ(value(main), "2");
  Branch clone = ok(main.fork("clone"));
  write(clone, "3");
  ok(main.merge(clone));
  EXPECT_EQ(value(main), "3");
  // The second write of the clone has seen more than the one of main: no clock is asked.
  write(main, "main");
  write(clone, "4");
  write(clone, "5");
  ok(main.merge(clone));
  ok(clone.merge(main));
  EXPECT_EQ(value(main), "5");
  EXPECT_EQ(value(clone), "5");
}
TEST_F(Containers, ALogIsReadInPiecesAndPastItsEnd) {
  Branch main = branch("main");
  auto read = [&](uint64_t from, uint64_t limit) {
    return ok(ok(main.state()).at<AppendLog<>>("log").entries(from, limit));
  };
  using Entries = std::vector<Bytes>;
  EXPECT_EQ(read(0, UINT64_MAX), Entries{});
  for (const char* entry : {"a", "b", "c"}) {
    ok(main.transact([&](Tx& tx) { tx.at<AppendLog<>>("log").append(entry); }));
  }
  EXPECT_EQ(read(0, UINT64_MAX), (Entries{"a", "b", "c"}));
  EXPECT_EQ(read(0, 2), (Entries{"a", "b"}));
  EXPECT_EQ(read(2, 2), Entries{"c"});
  EXPECT_EQ(read(3, 2), Entries{});
  EXPECT_EQ(read(1, 0), Entries{});
}
TEST_F(Containers, LogsOfForksHoldEveryEntryOnceInEachWritersOrder) {
  Branch main = branch("main");
  auto append = [](Branch& to, const Bytes& entry) {
    ok(to.transact([&](Tx& tx) { tx.at<AppendLog<>>("log").append(entry); }));
  };
  append(main, "0");
  Branch clone = ok(main.fork("clone"));
  for (const char* entry : {"m1", "m2"}) append(main, entry);
  for (const char* entry : {"c1", "c2"}) append(clone, entry);
  ok(main.merge(clone));
  ok(clone.merge(main));
  auto entries = ok(ok(main.state()).at<AppendLog<>>("log").entries());
  EXPECT_EQ(entries, ok(ok(clone.state()).at<AppendLog<>>("log").entries()));
  EXPECT_EQ(entries.front(), "0");
  auto at = [&](const Bytes& entry) { return std::ranges::find(entries, entry); };
  EXPECT_LT(at("m1"), at("m2"));
  EXPECT_LT(at("c1"), at("c2"));
  std::ranges::sort(entries);
  EXPECT_EQ(entries, (std::vector<Bytes>{"0", "c1", "c2", "m1", "m2"}));
}

}  // namespace
}  // namespace ukstore::tests
