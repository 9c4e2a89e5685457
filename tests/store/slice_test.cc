#include <ukstore/store/slice.h>

#include "stores.h"

#include <random>

namespace ukstore::tests {
namespace {

Bytes write(const Store& store, const SliceRequest& request) {
  Bytes bytes;
  must(write_slice(store, request, [&](BytesView piece) -> Result<void> {
    bytes += piece;
    return {};
  }));
  return bytes;
}

// Gives out at most `step` bytes at a time, as a network would.
Result<AppliedSlice> bring(Store& store, BytesView bytes, const SliceLimits& limits = {},
                           size_t step = 1000) {
  return apply_slice(
      store,
      [&](std::span<char> to) -> Result<size_t> {
        size_t size = std::min({to.size(), bytes.size(), step});
        std::memcpy(to.data(), bytes.data(), size);
        bytes.remove_prefix(size);
        return size;
      },
      limits);
}

class SliceTest : public OnEveryStore {
 protected:
  SliceRequest all() {
    SliceRequest request;
    for (RefKind kind : {RefKind::branch, RefKind::tag}) {
      for (auto& [name, head] : must(store->refs(kind)))
        request.heads.push_back({kind, name, head});
    }
    return request;
  }
  void take_heads(StoreUnderTest& to, const AppliedSlice& slice) {
    for (const Ref& ref : slice.heads) {
      must(to->transact([&](Transaction& transaction) -> Result<void> {
        auto now = transaction.head(ref.kind, ref.name);
        if (!now) return pass_on(now);
        return transaction.compare_and_set(ref.kind, ref.name, *now, ref.head);
      }));
    }
  }
  // Values of every form: inline, blob, rope, embedded and stored children, a directory of several
  // levels.
  void fill() {
    store.commit("main", [](const Tree& tree) {
      PathEdits edits;
      for (int i = 0; i < 2000; ++i)
        edits.set("wide/" + std::to_string(i * 7919 % 10007), std::to_string(i));
      Bytes long_value(300'000, '\0');
      for (size_t i = 0; i < long_value.size(); ++i) long_value[i] = static_cast<char>(i * i / 977);
      edits.set("rope", long_value).set("blob", Bytes(5000, 'b')).set("a/b/c", "small");
      return edits.apply_to(tree);
    });
    store.set("main", "wide/77", "changed");
    must(store->transact(set_branch("side", store.head("main"))));
    store.set("side", "a/b/d", "more");
    store.set("main", "blob", Bytes(5001, 'b'));
    store.commit_on("merged", {store.head("main").ref, store.head("side").ref});
  }
};
INSTANTIATE_TEST_SUITE_P(Each, SliceTest, each_backend, backend_name);

TEST_P(SliceTest, AWholeHistoryIsTheSameInAnotherStore) {
  fill();
  Bytes bytes = write(*store, all());
  StoreUnderTest other(GetParam());
  AppliedSlice slice = must(bring(*other, bytes));
  EXPECT_EQ(slice.counts.commits, 5u);
  EXPECT_EQ(slice.counts.bytes, bytes.size());
  take_heads(other, slice);
  other.reopen();
  for (BytesView branch : {"main", "side", "merged"}) {
    EXPECT_EQ(other.head(branch), store.head(branch));
    EXPECT_EQ(must(other->branch_tree(branch)), must(store->branch_tree(branch)));
  }
  EXPECT_EQ(other.get("main", "rope"), store.get("main", "rope"));
  EXPECT_EQ(other.get("side", "a/b/d"), "more");
  EXPECT_EQ(write(*other, all()), bytes) << "and makes the same slice";
  auto source = must(other->commits());
  WalkBudget budget;
  EXPECT_EQ(must(ancestor_at(*source, other.head("main").ref, 1, budget)).generation, 1u);
}

TEST_P(SliceTest, WhatTheReaderHasIsLeftOut) {
  fill();
  StoreUnderTest other(GetParam());
  take_heads(other, must(bring(*other, write(*store, all()))));
  std::vector<ObjectRef> haves;
  for (const Ref& ref : all().heads) haves.push_back(ref.head.ref);
  size_t whole = write(*store, all()).size();
  Head next = store.set("main", "wide/77", "changed again");
  haves.push_back({hash_object(ObjectKind::commit, "unknown here"), {}});
  Bytes little = write(*store, {.heads = all().heads, .haves = haves});
  EXPECT_LT(little.size(), 10'000u);
  EXPECT_LT(20 * little.size(), whole);
  take_heads(other, must(bring(*other, little)));
  EXPECT_EQ(other.head("main"), next);
  EXPECT_EQ(other.get("main", "wide/77"), "changed again");
  EXPECT_EQ(other.get("main", "wide/7919"), store.get("main", "wide/7919"));
}

TEST_P(SliceTest, AppliesOnlyOntoWhatItBuildsOn) {
  Head first = store.set("main", "a", "1");
  store.set("main", "a", "2");
  Bytes bytes = write(*store, {.heads = all().heads, .haves = {first.ref}});
  StoreUnderTest empty(GetParam());
  EXPECT_EQ(failure(bring(*empty, bytes)), Error::Kind::corrupt);
  EXPECT_TRUE(must(empty->refs(RefKind::branch)).empty());
}

TEST_P(SliceTest, TagsComeAlong) {
  Head head = store.set("main", "a", "1");
  Hash tagged;
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    auto ref = transaction.make_tag({.target = head.ref, .name = "v1"});
    if (!ref) return pass_on(ref);
    tagged = ref->hash;
    return transaction.compare_and_set(RefKind::tag, "v1", {}, Head{*ref, ObjectKind::tag});
  }));
  SliceRequest tag_only{.heads = {all().heads.back()}};
  ASSERT_EQ(tag_only.heads[0].kind, RefKind::tag);
  StoreUnderTest other(GetParam());
  take_heads(other, must(bring(*other, write(*store, tag_only))));
  EXPECT_EQ(must(other->tag({tagged, {}})).target, head.ref);
  EXPECT_EQ(must(other->commit(head.ref)).commit.generation, 1u);
}

TEST_P(SliceTest, BytesOfASmallOneAreFixedForEver) {
  store.set("main", "a", "1");
  Bytes bytes = write(*store, all());
  EXPECT_EQ(bytes.size(), 8u + 4 + 4 + 4 + (35 + 4) + (5 + 15) + (5 + 52) + 9);
  EXPECT_EQ(to_hex(hash_object(ObjectKind::blob, bytes)),
            "a06e766ed1453119f4cd3274a5b0c431"
            "39ab795ff6e4fe84048d4e3f26c47f59");
}

TEST_P(SliceTest, LimitsEndIt) {
  fill();
  Bytes bytes = write(*store, all());
  StoreUnderTest other(GetParam());
  EXPECT_EQ(failure(bring(*other, bytes, {.objects_max = 20})), Error::Kind::limit);
  EXPECT_EQ(failure(bring(*other, bytes, {.bytes_max = 10'000})), Error::Kind::limit);
  EXPECT_TRUE(bring(*other, bytes, {.bytes_max = bytes.size()}));
}

TEST_P(SliceTest, CutAnywhereOrFollowedByAnythingItIsRefused) {
  store.set("main", "a", "1");
  store.set("main", "dir/b", Bytes(100, 'x'));
  Bytes bytes = write(*store, all());
  for (size_t size = 0; size < bytes.size(); ++size) {
    StoreUnderTest other(BackendKind::memory);
    ASSERT_FALSE(bring(*other, BytesView(bytes).substr(0, size))) << size;
  }
  StoreUnderTest other(BackendKind::memory);
  EXPECT_EQ(failure(bring(*other, bytes + "x")), Error::Kind::corrupt);
}

// A flipped bit makes another object, which nothing names, so something is missing then.
TEST_P(SliceTest, AnyFlippedBitIsFoundOrGivesOtherHeads) {
  store.set("main", "a", "1");
  store.set("main", "dir/b", Bytes(100, 'x'));
  const Bytes good = write(*store, all());
  size_t accepted = 0;
  for (size_t bit = 0; bit < 8 * good.size(); bit += 7) {
    Bytes bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    StoreUnderTest other(BackendKind::memory);
    auto slice = bring(*other, bytes);
    if (!slice) continue;
    ++accepted;
    ASSERT_EQ(slice->heads.size(), 1u);
    ASSERT_EQ(slice->heads[0].head, store.head("main")) << "at worst the name differs";
  }
  EXPECT_LE(accepted, 8u);
}

// What only the relation to other objects shows: a node that lies about its child.
TEST_P(SliceTest, NodesThatLieAboutTheirChildrenAreRefused) {
  fill();
  Bytes bytes = write(*store, {.heads = {{RefKind::branch, "main", store.head("main")}}});
  // Objects of the stream, to be changed and put together again.
  std::vector<std::pair<ObjectKind, Bytes>> objects;
  size_t at = 8 + 4 + 4 + 4 + 35 + 4;
  while (bytes[at] != 0) {
    uint32_t size = load_le<uint32_t>(bytes.data() + at + 1);
    objects.emplace_back(static_cast<ObjectKind>(bytes[at]), bytes.substr(at + 5, size));
    at += 5 + size;
  }
  size_t lies = 0;
  for (const auto& [kind, object] : objects) {
    if (kind != ObjectKind::inner) continue;
    // One entry fewer is said to be below the last child, in the objects up to this one.
    Bytes lie = object;
    size_t width = static_cast<uint8_t>(object[7]);
    size_t count = load_le<uint16_t>(object.data() + 2);
    size_t last_size = object.size() - width;
    lie[last_size] = static_cast<char>(lie[last_size] + 1);
    Bytes forged = bytes.substr(0, 8 + 4 + 4 + 4 + 35 + 4);
    for (const auto& [other_kind, other] : objects) {
      const Bytes& put = &other == &object ? lie : other;
      append_le<uint8_t>(forged, static_cast<uint8_t>(other_kind));
      append_le<uint32_t>(forged, static_cast<uint32_t>(put.size()));
      forged += put;
    }
    append_le<uint8_t>(forged, 0);
    append_le<uint64_t>(forged, objects.size());
    StoreUnderTest other(BackendKind::memory);
    auto refused = bring(*other, forged);
    ASSERT_EQ(failure(refused), Error::Kind::corrupt);
    EXPECT_NE(refused.error().message.find("other counts"), Bytes::npos) << refused.error().message;
    EXPECT_GT(count, 0u);
    if (++lies == 3) break;
  }
  EXPECT_GT(lies, 0u);
}

}  // namespace
}  // namespace ukstore::tests
