// Trees by path, against a naive model: a map from path to payload with directories derived.
#include <ukstore/store/diff.h>

#include <ukstore/tests/store/tree_model.h>

#include <set>

namespace ukstore::test {
namespace {

// What a path model does on a write: files above and everything below give way.
void model_set(Model& model, const Bytes& path, const Bytes& payload) {
  for (size_t slash = path.find('/'); slash != Bytes::npos; slash = path.find('/', slash + 1)) {
    model.erase(path.substr(0, slash));
  }
  auto from = model.lower_bound(path + "/"), to = model.lower_bound(path + "0");
  model.erase(from, to);
  model[path] = payload;
}

void model_remove(Model& model, const Bytes& path) {
  model.erase(path);
  model.erase(model.lower_bound(path + "/"), model.lower_bound(path + "0"));
}

void flatten(const Tree& tree, const Bytes& above, Model& model) {
  ok(tree.scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    Bytes path = above.empty() ? Bytes(key) : above + "/" + Bytes(key);
    if (entry.has_payload()) model[path] = ok(tree.read(entry));
    if (entry.has_child()) flatten(ok(tree.child(entry)), path, model);
    return Flow::go_on;
  }));
}

Model flatten(const Tree& tree) {
  Model model;
  flatten(tree, {}, model);
  return model;
}

Bytes random_path(Random& random) {
  Bytes path;
  size_t depth = 1 + below(random, 5);
  for (size_t i = 0; i < depth; ++i) {
    if (i > 0) path += '/';
    path += static_cast<char>('a' + below(random, i == 0 ? 3 : 6));
  }
  return path;
}

TEST(Paths, EqualTheModelUnderRandomEditsAndBatches) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    Objects o;
    Tree tree(o.objects);
    Model model;
    for (int round = 0; round < 60; ++round) {
      PathEdits batch;
      size_t size = below(random, 3) == 0 ? 1 + below(random, 30) : 1;
      for (size_t i = 0; i < size; ++i) {
        Bytes path = random_path(random), payload = random_payload(random);
        if (below(random, 3) == 0) {
          batch.remove(path);
          model_remove(model, path);
        } else {
          batch.set(path, payload, 1);
          model_set(model, path, payload);
        }
      }
      tree = ok(batch.apply_to(tree));
      ASSERT_EQ(flatten(tree), model) << "seed " << seed << " round " << round;
    }
    // The same contents written at once have the same root.
    PathEdits all;
    for (auto& [path, payload] : model) all.set(path, payload, 1);
    ASSERT_EQ(ok(all.apply_to(Tree(o.objects))).hash(), tree.hash()) << "seed " << seed;
    for (auto& [path, payload] : model) ASSERT_EQ(ok(tree.get(path)), payload);
  }
}

TEST(Paths, AFileGivesWayToADirectoryAndBack) {
  Objects o;
  Tree tree(o.objects);
  tree = ok(tree.set("a", "file"));
  tree = ok(tree.set("a/b", "below"));
  EXPECT_EQ(ok(tree.get("a")), std::nullopt);
  EXPECT_EQ(ok(tree.get("a/b")), "below");
  tree = ok(tree.set("a", "file"));
  EXPECT_EQ(ok(tree.get("a")), "file");
  EXPECT_EQ(ok(tree.get("a/b")), std::nullopt);
  // Removing what is not there, even below a file, changes nothing.
  EXPECT_EQ(ok(tree.remove("a/b/c")).hash(), tree.hash());
  EXPECT_TRUE(ok(tree.remove("a")).empty());
}

TEST(Paths, AnEntryMayHoldAPayloadAndAChild) {
  Objects o;
  Tree below = ok(Tree(o.objects).set("x", "1"));
  Edit edit = Edit::put_tree("k", below);
  edit.payload = Edit::Part::set;
  edit.kind = 200;
  edit.new_payload = Bytes("own");
  std::vector<Edit> edits{edit};
  Tree tree = ok(Tree(o.objects).apply(edits));
  EXPECT_EQ(ok(tree.get("k")), "own");
  EXPECT_EQ(ok(tree.find("k"))->kind, 200);
  EXPECT_EQ(ok(tree.get("k/x")), "1");
  // An edit of the child keeps the payload, and of the payload keeps the child.
  std::vector<Edit> inside{Edit::inside("k", {Edit::put("y", 0, Bytes(300, 'z'))})};
  tree = ok(tree.apply(inside));
  EXPECT_EQ(ok(tree.get("k")), "own");
  EXPECT_EQ(ok(tree.get("k/y")), Bytes(300, 'z'));
  std::vector<Edit> payload{{.key = "k", .payload = Edit::Part::set, .new_payload = Bytes("new")}};
  tree = ok(tree.apply(payload));
  EXPECT_EQ(ok(tree.get("k")), "new");
  EXPECT_EQ(ok(tree.get("k/x")), "1");
  // Without its payload it is a directory, and without its child too it is gone.
  std::vector<Edit> drop{{.key = "k", .payload = Edit::Part::drop}};
  EXPECT_EQ(ok(ok(tree.apply(drop)).get("k/x")), "1");
  std::vector<Edit> gone{Edit::remove("k")};
  EXPECT_TRUE(ok(tree.apply(gone)).empty());
}

TEST(Paths, BadPathsAreRefusedByName) {
  Objects o;
  Tree tree(o.objects);
  for (Bytes bad : {Bytes("/a"), Bytes("a//b"), Bytes("a/"), Bytes("a\0b", 3), Bytes(256, 'x'),
                    Bytes(5000, 'x')}) {
    auto result = tree.set(bad, "1");
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().kind, Error::Kind::invalid);
    EXPECT_NE(result.error().message.find("path"), std::string::npos) << result.error().message;
  }
  EXPECT_FALSE(tree.set("", "1"));
  EXPECT_EQ(ok(tree.get("")), std::nullopt);
  EXPECT_EQ(printable("a\nb\\\xff\xc3\xa9"), "a\\x0ab\\\\\\xff\xc3\xa9");
}

TEST(Paths, TwoHundredDeepReadsWritesAndVanishes) {
  Objects o;
  Bytes path = "0";
  for (int i = 1; i < 200; ++i) path += "/" + std::to_string(i);
  Tree tree = ok(Tree(o.objects).set(path, "deep"));
  EXPECT_EQ(ok(tree.get(path)), "deep");
  tree = ok(tree.set("0/1/2/other", "x"));
  EXPECT_EQ(ok(tree.get(path)), "deep");
  EXPECT_EQ(tree.bytes(), [&] {
    uint64_t steps = 0;
    for (BytesView step : split_path(path)) steps += step.size();
    return steps + 4 + 5 + 1;
  }());
  tree = ok(ok(tree.remove(path)).remove("0/1/2/other"));
  EXPECT_TRUE(tree.empty());
}

TEST(Diff, EqualsTheModelOnOneLevelAndOverPaths) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    Objects o;
    Model before;
    int size = seed % 3 == 0 ? 2000 : 40;
    for (int i = 0; i < size; ++i)
      model_set(before, random_path(random) + std::to_string(i % 97), random_payload(random));
    Model after = before;
    for (uint64_t i = 0; i < 1 + below(random, 12); ++i) {
      Bytes path = random_path(random) + std::to_string(below(random, 97));
      if (below(random, 2)) {
        model_remove(after, path);
      } else {
        model_set(after, path, random_payload(random));
      }
    }
    PathEdits b, a;
    for (auto& [path, payload] : before) b.set(path, payload, 1);
    for (auto& [path, payload] : after) a.set(path, payload, 1);
    Tree one = ok(b.apply_to(Tree(o.objects))), two = ok(a.apply_to(Tree(o.objects)));
    std::map<Bytes, std::pair<std::optional<Bytes>, std::optional<Bytes>>> expected, found;
    for (auto& [path, payload] : before) {
      if (!after.contains(path))
        expected[path] = {payload, std::nullopt};
      else if (after[path] != payload)
        expected[path] = {payload, after[path]};
    }
    for (auto& [path, payload] : after) {
      if (!before.contains(path)) expected[path] = {std::nullopt, payload};
    }
    ok(diff_paths(one, two, [&](BytesView path, const auto& was, const auto& is) {
      auto& slot = found[Bytes(path)];
      if (was) slot.first = ok(one.read(*was));
      if (is) slot.second = ok(two.read(*is));
      return Flow::go_on;
    }));
    ASSERT_EQ(found, expected) << "seed " << seed;
    if (one != two) continue;
    ASSERT_TRUE(expected.empty());
  }
}

TEST(Diff, SkipsEqualSubtreesUnread) {
  Objects o;
  Model model;
  for (int i = 0; i < 100000; ++i) model["key" + std::to_string(i)] = "value";
  Tree one = build(o.objects, model);
  std::vector<Edit> edit{Edit::put("key5000", 1, Bytes("other"))};
  Tree two = ok(one.apply(edit));
  uint64_t before = o.objects.counts().loads;
  int found = 0;
  ok(diff(one, two, [&](BytesView key, const auto&, const auto&) {
    EXPECT_EQ(key, "key5000");
    ++found;
    return Flow::go_on;
  }));
  EXPECT_EQ(found, 1);
  // Two nodes a level below the roots.
  EXPECT_LE(o.objects.counts().loads - before, 10u);
}

}  // namespace
}  // namespace ukstore::test
