// The laws of trees as properties, shrunk by RapidCheck when they fail.
#include <ukstore/store/diff.h>
#include <ukstore/tests/store/tree_model.h>

#include <rapidcheck/gtest.h>

namespace ukstore::test {
namespace {

using Changes = std::vector<std::tuple<uint16_t, bool, uint8_t>>;

// A key and payload for small numbers: some keys are long, some payloads out of line.
Bytes key_of(uint16_t n) { return std::to_string(n % 512) + Bytes(n % 7 == 0 ? 90 : 0, 'k'); }
Bytes payload_of(uint8_t n) { return Bytes(n % 11 == 0 ? 100 + n : n % 60, static_cast<char>(n)); }

void change(Model& model, const Changes& changes) {
  for (auto [key, present, payload] : changes) {
    if (present)
      model[key_of(key)] = payload_of(payload);
    else
      model.erase(key_of(key));
  }
}

Tree change(Tree tree, const Changes& changes) {
  std::map<Bytes, Edit> edits;
  for (auto [n, present, payload] : changes) {
    Bytes key = key_of(n);
    edits.insert_or_assign(key,
                           present ? Edit::put(key, 1, payload_of(payload)) : Edit::remove(key));
  }
  std::vector<Edit> sorted;
  for (auto& [key, edit] : edits) sorted.push_back(std::move(edit));
  return ok(tree.apply(sorted));
}

RC_GTEST_PROP(TreeLaws, IncrementalEqualsRebuilt, (const std::vector<Changes>& batches)) {
  Objects o;
  Tree tree(o.objects);
  Model model;
  for (const Changes& batch : batches) {
    tree = change(tree, batch);
    change(model, batch);
  }
  RC_ASSERT((tree.hash() == build(o.objects, model).hash()));
  RC_ASSERT((contents(tree) == model));
}

RC_GTEST_PROP(TreeLaws, ADiffAppliedToTheOldTreeGivesTheNewOne,
              (const Changes& first, const Changes& second)) {
  Objects o;
  Tree before = change(Tree(o.objects), first);
  Tree after = change(before, second);
  std::vector<Edit> edits;
  ok(diff(before, after, [&](BytesView key, const auto&, const auto& is) {
    edits.push_back(is ? Edit::put(Bytes(key), is->kind, after.payload(*is))
                       : Edit::remove(Bytes(key)));
    return Flow::go_on;
  }));
  RC_ASSERT((ok(before.apply(edits)) == after));
}

RC_GTEST_PROP(TreeLaws, RankAndSelectAreInverse, (const Changes& changes)) {
  Objects o;
  Tree tree = change(Tree(o.objects), changes);
  for (uint64_t i = 0; i < tree.count(); ++i) {
    RC_ASSERT((ok(tree.rank(ok(tree.select(i))->key)) == i));
  }
}

}  // namespace
}  // namespace ukstore::test
