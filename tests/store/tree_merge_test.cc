// Three-way merges of trees, node by node, against a naive merge of maps.
#include <ukstore/store/tree_merge.h>

#include <ukstore/tests/counts.h>
#include <ukstore/tests/store/tree_model.h>

#include <set>

namespace ukstore::test {
namespace {

using Maybe = std::optional<Bytes>;

Maybe at(const Model& model, const Bytes& key) {
  auto found = model.find(key);
  return found == model.end() ? Maybe() : Maybe(found->second);
}

// What the tests make of a key that both sides changed.
Maybe both_changed(const Maybe& base, const Maybe& ours, const Maybe& theirs) {
  if (ours && theirs) return std::max(*ours, *theirs);
  return base && base->size() % 2 ? Maybe() : ours ? ours : theirs;
}

Model naive_merge(const Model& base, const Model& ours, const Model& theirs) {
  Model merged;
  std::set<Bytes> keys;
  for (const Model* model : {&base, &ours, &theirs}) {
    for (const auto& [key, payload] : *model) keys.insert(key);
  }
  for (const Bytes& key : keys) {
    Maybe b = at(base, key), o = at(ours, key), t = at(theirs, key);
    Maybe m = o == t || b == t ? o : b == o ? t : both_changed(b, o, t);
    if (m) merged[key] = *m;
  }
  return merged;
}

// Changes of many shapes: single keys, and whole stretches that come, go or change.
void change(Random& random, Model& model, uint64_t distinct) {
  uint64_t shape = below(random, 8);
  if (shape == 0) {  // a stretch goes
    auto from = model.lower_bound(random_key(random, distinct));
    for (uint64_t i = below(random, 400); i > 0 && from != model.end(); --i) {
      from = model.erase(from);
    }
  } else if (shape == 1) {  // one comes
    Bytes stem = random_key(random, distinct) + "+";
    uint64_t size = below(random, 400);
    for (uint64_t i = 0; i < size; ++i) model[stem + std::to_string(i)] = random_payload(random);
  } else if (shape == 2) {  // at the very end
    model["z" + std::to_string(below(random, 100))] = random_payload(random);
  } else {
    for (uint64_t i = below(random, 12); i > 0; --i) {
      Bytes key = random_key(random, distinct);
      if (below(random, 2)) {
        model.erase(key);
      } else {
        model[key] = random_payload(random);
      }
    }
  }
}

struct Sides {
  Objects o{};
  Model base{}, ours{}, theirs{};

  explicit Sides(uint64_t seed) {
    Random random(seed);
    uint64_t sizes[] = {0, 1, 8, 200, 3000};
    uint64_t size = sizes[below(random, 5)], distinct = 10 + 2 * size;
    for (uint64_t i = 0; i < size; ++i) {
      base[random_key(random, distinct)] = random_payload(random);
    }
    ours = theirs = base;
    for (Model* side : {&ours, &theirs}) {
      if (below(random, 20) == 0) side->clear();
      for (uint64_t i = below(random, 6); i > 0; --i) change(random, *side, distinct);
    }
    // Often both do the same.
    if (below(random, 4) == 0) {
      Random again(seed + 1), once_more(seed + 1);
      change(again, ours, distinct);
      change(once_more, theirs, distinct);
    }
  }
  Tree tree(const Model& model) { return build(o.objects, model); }
};

Maybe read(const Tree& tree, const std::optional<Entry>& entry) {
  return entry ? Maybe(ok(tree.read(*entry))) : Maybe();
}

std::optional<Edit> edit_to(BytesView key, const Maybe& ours, const Maybe& merged) {
  if (merged == ours) return std::nullopt;
  return merged ? Edit::put(Bytes(key), 1, *merged) : Edit::remove(Bytes(key));
}

TEST(TreeMerge, GivesTheTreeOfTheNaiveMergeWhateverTheShapes) {
  for (int seed = 1; seed <= tests::count(400, 20'000); ++seed) {
    Sides sides(static_cast<uint64_t>(seed));
    Tree base = sides.tree(sides.base), ours = sides.tree(sides.ours),
         theirs = sides.tree(sides.theirs);
    auto merged = ok(merge_trees(
        &base, ours, theirs,
        [&](BytesView key, const auto& b, const auto& o,
            const auto& t) -> Result<std::optional<Edit>> {
          Maybe at_base = read(base, b), at_ours = read(ours, o), at_theirs = read(theirs, t);
          // Only where all three differ, each in its own way.
          EXPECT_TRUE(at_base != at_ours && at_base != at_theirs && at_ours != at_theirs);
          return edit_to(key, at_ours, both_changed(at_base, at_ours, at_theirs));
        }));
    Tree expected = sides.tree(naive_merge(sides.base, sides.ours, sides.theirs));
    ASSERT_EQ(merged.value_or(ours).hash(), expected.hash()) << "seed " << seed;
    ASSERT_EQ(merged.value_or(ours).count(), expected.count()) << "seed " << seed;
    ASSERT_EQ(merged.value_or(ours).bytes(), expected.bytes()) << "seed " << seed;
    ASSERT_EQ(merged.has_value(), ours.hash() != expected.hash()) << "seed " << seed;
  }
}

TEST(TreeMerge, WithoutABaseAsksForEveryKeyThatDiffers) {
  for (int seed = 1; seed <= tests::count(200, 10'000); ++seed) {
    Sides sides(static_cast<uint64_t>(seed));
    Tree ours = sides.tree(sides.ours), theirs = sides.tree(sides.theirs);
    auto merged = ok(merge_trees(nullptr, ours, theirs,
                                 [&](BytesView key, const auto& b, const auto& o,
                                     const auto& t) -> Result<std::optional<Edit>> {
                                   EXPECT_FALSE(b);
                                   Maybe at_base = at(sides.base, Bytes(key)),
                                         at_ours = read(ours, o), at_theirs = read(theirs, t);
                                   EXPECT_NE(at_ours, at_theirs);
                                   return edit_to(key, at_ours,
                                                  at_base == at_theirs ? at_ours
                                                  : at_base == at_ours
                                                      ? at_theirs
                                                      : both_changed(at_base, at_ours, at_theirs));
                                 }));
    Tree expected = sides.tree(naive_merge(sides.base, sides.ours, sides.theirs));
    ASSERT_EQ(merged.value_or(ours).hash(), expected.hash()) << "seed " << seed;
  }
}

TEST(TreeMerge, MakesNoNodeThatASideHas) {
  Objects o;
  Model base;
  for (int i = 0; i < 100'000; ++i) base["key" + std::to_string(i)] = "value";
  Model ours = base, theirs = base;
  for (int i = 0; i < 10; ++i) {
    ours["key" + std::to_string(7'919 * i)] = "ours";
    theirs["key" + std::to_string(9'973 * i)] = "their";
  }
  Tree b = build(o.objects, base), m = build(o.objects, ours), t = build(o.objects, theirs);
  std::set<Hash> had;
  for (const Tree* side : {&m, &t}) {
    for (StagedObject& object : side->arena()->objects()) had.insert(object.hash());
  }
  auto arena = std::make_shared<Arena>();
  uint64_t before = o.objects.counts().loads;
  auto merged = ok(merge_trees(
      &b, m.in(arena), t,
      [](BytesView key, const auto&, const auto&, const auto&) -> Result<std::optional<Edit>> {
        EXPECT_EQ(key, "key0");
        return std::nullopt;
      }));
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->count(), 100'000u);
  // The nodes above what both changed, and the leaf of key0 is ours.
  EXPECT_LE(arena->objects().size(), 20u);
  for (StagedObject& object : arena->objects()) EXPECT_FALSE(had.contains(object.hash()));
  EXPECT_LE(o.objects.counts().loads - before, 150u);
}

}  // namespace
}  // namespace ukstore::test
