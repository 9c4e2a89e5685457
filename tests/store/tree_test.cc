#include <ukstore/store/tree.h>

#include <ukstore/tests/store/tree_model.h>

#include <ukstore/store/boundary.h>
#include <ukstore/store/node.h>
#include <ukstore/store/tree_access.h>
#include <ukstore/store/validate.h>

#include <algorithm>
#include <cmath>

namespace ukstore::test {
namespace {

std::vector<Edit> random_edits(Random& random, Model& model, size_t count, uint64_t distinct) {
  std::map<Bytes, Edit> edits;
  for (size_t i = 0; i < count; ++i) {
    Bytes key = random_key(random, distinct);
    if (below(random, 3) == 0) {
      edits.insert_or_assign(key, Edit::remove(key));
      model.erase(key);
    } else {
      Bytes payload = random_payload(random);
      edits.insert_or_assign(key, Edit::put(key, 1, payload));
      model.insert_or_assign(key, payload);
    }
  }
  std::vector<Edit> sorted;
  for (auto& [key, edit] : edits) sorted.push_back(std::move(edit));
  return sorted;
}

// Every node below passes the check of an unknown node, and the counts add up.
void check_nodes(const Objects& o, const NodeView& node) {
  const ObjectView& object = node.object();
  ok(validate(object.kind, object.bytes, object.side_count));
  if (node.is_leaf()) return;
  for (uint32_t i = 0; i < node.count(); ++i) {
    NodeView child = ok(load_child(o.objects, node, i));
    ASSERT_EQ(child.key(child.count() - 1), node.key(i));
    NodeTotals sum = totals(child);
    ASSERT_EQ(sum.count, node.child_count(i));
    ASSERT_EQ(sum.bytes, node.child_bytes(i));
    check_nodes(o, child);
  }
}

// Computed from the formula with 50 digits, a thousandth above and below the threshold.
struct Vector {
  uint32_t hash;
  uint64_t s0, s1;
  bool ends;
};
constexpr Vector kVectors[] = {
    {1728725588u, 2968, 2976, true}, {1732186500u, 2968, 2976, false},
    {1162088819u, 2520, 2528, true}, {1164415323u, 2520, 2528, false},
    {145150912u, 615, 668, true},    {145441504u, 615, 668, false},
    {2640464932u, 1917, 1970, true}, {2645751148u, 1917, 1970, false},
    {1136434911u, 1248, 1308, true}, {1138710056u, 1248, 1308, false},
    {578334u, 186, 194, true},       {579492u, 186, 194, false},
    {2736612u, 142, 195, true},      {2742090u, 142, 195, false},
    {1484763813u, 1393, 1453, true}, {1487736314u, 1393, 1453, false},
    {6834316u, 203, 256, true},      {6847998u, 203, 256, false},
    {2067345414u, 805, 1105, true},  {2071484243u, 805, 1105, false},
    {255469270u, 1458, 1466, true},  {255980720u, 1458, 1466, false},
    {3040122364u, 3970, 3978, true}, {3046208696u, 3970, 3978, false},
    {132748042u, 567, 627, true},    {133013804u, 567, 627, false},
    {797262849u, 492, 792, true},    {798858971u, 492, 792, false},
    {84786056u, 483, 543, true},     {84955797u, 483, 543, false},
    {262647309u, 1472, 1480, true},  {263173130u, 1472, 1480, false},
    {3859588138u, 1306, 1606, true}, {3867315041u, 1306, 1606, false},
    {209099521u, 1361, 1369, true},  {209518139u, 1361, 1369, false},
    {5362478u, 185, 238, true},      {5373214u, 185, 238, false},
    {412984123u, 852, 912, true},    {413810918u, 852, 912, false},
};

TEST(Boundary, GoldenVectorsHold) {
  EXPECT_EQ(boundary_hash(0, "hello"), 2811839011u);
  EXPECT_EQ(boundary_hash(1, "hello"), 1898825035u);
  for (const Vector& v : kVectors) {
    EXPECT_EQ(is_boundary(v.hash, v.s0, v.s1), v.ends) << v.hash << " " << v.s0 << " " << v.s1;
  }
  // Never below T/8, always above 4T, whatever the hash.
  EXPECT_FALSE(is_boundary(0, 0, 127));
  EXPECT_TRUE(is_boundary(UINT32_MAX, 4000, 4097));
}

TEST(Boundary, NodesAreATargetLongOnAverageAndSpreadLittle) {
  Objects o;
  Random random(1);
  Model model;
  for (int i = 0; i < 20000; ++i) model[random_bytes(random, 16)] = random_bytes(random, 32);
  Tree tree = build(o.objects, model);
  double sum = 0, squares = 0, count = 0;
  for (const StagedObject& object : tree.arena()->objects()) {
    if (object.view().kind != ObjectKind::leaf) continue;
    double size = NodeView(object.view()).count() * 53.0;
    sum += size, squares += size * size, count += 1;
  }
  double mean = sum / count, spread = std::sqrt(squares / count - mean * mean) / mean;
  EXPECT_NEAR(mean, 1024, 80);
  EXPECT_NEAR(spread, 0.27, 0.05);
}

TEST(Tree, EqualsTheModelUnderRandomBatches) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    Objects o;
    Tree tree(o.objects);
    Model model;
    for (int round = 0; round < 30; ++round) {
      size_t size = below(random, 4) == 0 ? 300 : 1 + below(random, 5);
      tree = ok(tree.apply(random_edits(random, model, size, 2000)));
      ASSERT_EQ(tree.count(), model.size()) << "seed " << seed << " round " << round;
      ASSERT_EQ(tree.hash(), build(o.objects, model).hash())
          << "seed " << seed << " round " << round;
    }
    ASSERT_EQ(contents(tree), model);
    check_nodes(o, TreeAccess::root_node(tree));
    for (int i = 0; i < 300; ++i) {
      Bytes key = random_key(random, 3000);
      auto entry = ok(tree.find(key));
      ASSERT_EQ(entry.has_value(), model.contains(key));
      if (entry) {
        ASSERT_EQ(ok(tree.read(*entry)), model[key]);
      }
      auto at = model.lower_bound(key);
      ASSERT_EQ(ok(tree.rank(key)), uint64_t(std::distance(model.begin(), at)));
    }
  }
}

TEST(Tree, EveryOrderOfTheSameEditsGivesTheSameBytes) {
  Random random(7);
  Objects o;
  Model model;
  for (int i = 0; i < 700; ++i) model[random_key(random, 5000)] = random_payload(random);
  Hash expected = build(o.objects, model).hash();
  std::vector<Bytes> keys;
  for (auto& [key, payload] : model) keys.push_back(key);
  for (int order = 0; order < 5; ++order) {
    std::ranges::shuffle(keys, random);
    Tree tree(o.objects);
    for (const Bytes& key : keys) {
      std::vector<Edit> edit{Edit::put(key, 1, model[key])};
      tree = ok(tree.apply(edit));
    }
    EXPECT_EQ(tree.hash(), expected);
    // And away again, one by one, to the empty tree.
    std::ranges::shuffle(keys, random);
    for (const Bytes& key : keys) {
      std::vector<Edit> edit{Edit::remove(key)};
      tree = ok(tree.apply(edit));
    }
    EXPECT_TRUE(tree.empty());
    EXPECT_EQ(tree, Tree(o.objects));
  }
}

TEST(Tree, SelectListAndBackwardScansFollowTheOrder) {
  Random random(11);
  Objects o;
  Model model;
  for (int i = 0; i < 3000; ++i) model[random_key(random, 100000)] = random_payload(random);
  Tree tree = build(o.objects, model);
  std::vector<Bytes> keys;
  for (auto& [key, payload] : model) keys.push_back(key);
  for (int i = 0; i < 200; ++i) {
    size_t index = below(random, keys.size());
    EXPECT_EQ(ok(tree.select(index))->key, keys[index]);
  }
  EXPECT_FALSE(ok(tree.select(keys.size())));
  size_t page = 97;
  std::vector<Bytes> paged;
  for (size_t offset = 0; offset < keys.size() + page; offset += page) {
    for (Item& item : ok(tree.list(offset, page))) paged.push_back(item.key);
  }
  EXPECT_EQ(paged, keys);
  for (int i = 0; i < 50; ++i) {
    size_t from = below(random, keys.size()), to = below(random, keys.size());
    if (from > to) std::swap(from, to);
    std::vector<Bytes> expected(keys.begin() + from, keys.begin() + to), forward, backward;
    ok(tree.scan(keys[from], keys[to], Direction::forward, [&](BytesView key, const Entry&) {
      forward.emplace_back(key);
      return Flow::go_on;
    }));
    ok(tree.scan(keys[from], keys[to], Direction::backward, [&](BytesView key, const Entry&) {
      backward.emplace_back(key);
      return Flow::go_on;
    }));
    std::ranges::reverse(backward);
    if (from == to) continue;
    EXPECT_EQ(forward, expected);
    EXPECT_EQ(backward, expected);
  }
}

TEST(Tree, EditsRewriteNoMoreThanWhatTheyTouch) {
  Objects o;
  Model model;
  for (int i = 0; i < 100000; ++i) model["key" + std::to_string(i)] = "value";
  Tree tree = build(o.objects, model);
  size_t before = tree.arena()->objects().size();
  std::vector<Edit> edit{Edit::put("key5000", 1, Bytes("other"))};
  tree = ok(tree.apply(edit));
  // An update of equal size moves no boundary: one node a level.
  size_t height = TreeAccess::root_node(tree).level() + 1u;
  EXPECT_EQ(tree.arena()->objects().size() - before, height);
}

// Whatever one changes in the bytes of a node, it is refused or is the canonical form of what it
// then says.
TEST(Node, WhatTheCheckAcceptsIsCanonical) {
  Random random(5);
  Objects o;
  Model model;
  for (int i = 0; i < 2000; ++i) model[random_key(random, 100000)] = random_payload(random);
  Tree tree = build(o.objects, model);
  int accepted = 0;
  for (const StagedObject& object : tree.arena()->objects()) {
    ObjectView view = object.view();
    if (view.kind != ObjectKind::leaf && view.kind != ObjectKind::inner) continue;
    for (int i = 0; i < 200; ++i) {
      Bytes bytes(view.bytes);
      bytes[below(random, i < 100 ? 16 : bytes.size())] ^= static_cast<char>(1 << below(random, 8));
      if (!validate_node(view.kind, bytes)) continue;
      ++accepted;
      NodeView node({view.kind, bytes, view.side, view.side_count});
      std::vector<Bytes> keys;
      std::vector<LeafItem> leaf;
      std::vector<InnerItem> inner;
      for (uint32_t n = 0; n < node.count(); ++n) keys.push_back(node.key(n));
      for (uint32_t n = 0; n < node.count(); ++n) {
        if (node.is_leaf()) {
          leaf.push_back({keys[n], node.value(n)});
        } else {
          inner.push_back({keys[n], node.hash(n), node.child_count(n), node.child_bytes(n)});
        }
      }
      ASSERT_EQ(node.is_leaf() ? encode_leaf(leaf) : encode_inner(node.level(), inner), bytes);
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Tree, RefusesKeysAndOrdersOutOfItsLimits) {
  Objects o;
  Tree tree(o.objects);
  std::vector<Edit> unsorted{Edit::put("b", 1, Bytes("1")), Edit::put("a", 1, Bytes("1"))};
  EXPECT_EQ(tree.apply(unsorted).error().kind, Error::Kind::invalid);
  std::vector<Edit> twice{Edit::put("a", 1, Bytes("1")), Edit::put("a", 1, Bytes("1"))};
  EXPECT_EQ(tree.apply(twice).error().kind, Error::Kind::invalid);
  std::vector<Edit> longer{Edit::put(Bytes(513, 'x'), 1, Bytes("1"))};
  EXPECT_EQ(tree.apply(longer).error().kind, Error::Kind::invalid);
  std::vector<Edit> longest{Edit::put(Bytes(512, 'x'), 1, Bytes("1"))};
  EXPECT_EQ(ok(tree.apply(longest)).count(), 1u);
  std::vector<Edit> empty{Edit::put("", 1, Bytes("1"))};
  EXPECT_EQ(tree.apply(empty).error().kind, Error::Kind::invalid);
}

TEST(Tree, LongKeysStayWithinALowTree) {
  Random random(3);
  Objects o;
  Model model;
  for (int i = 0; i < 3000; ++i) model[Bytes(480, 'p') + random_bytes(random, 32)] = "v";
  Tree tree = build(o.objects, model);
  EXPECT_LT(TreeAccess::root_node(tree).level(), 13);
  EXPECT_EQ(contents(tree), model);
}

}  // namespace
}  // namespace ukstore::test
