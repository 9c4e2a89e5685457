#include <ukstore/store/object_store.h>

#include "backends.h"

#include <ukstore/store/segment.h>

#include <random>

namespace ukstore {
namespace {

using tests::OnEveryBackend;

class ObjectStoreTest : public OnEveryBackend {
 protected:
  std::unique_ptr<ObjectStore> store = std::make_unique<ObjectStore>(*backend);

  static ObjectRef blob(Arena& arena, BytesView bytes) {
    return arena.add(ObjectKind::blob, Bytes(bytes), {});
  }
  void persist(std::span<const Address> roots) {
    auto write = backend->write().value();
    auto ok = store->persist(*write, roots);
    ASSERT_TRUE(ok) << ok.error().message;
    ASSERT_TRUE(store->index(*write));
    ASSERT_TRUE(write->commit(Durability::durable));
  }
  // Persists one blob and says where it lies.
  ObjectRef persist_blob(BytesView bytes) {
    Arena arena;
    ObjectRef ref = blob(arena, bytes);
    persist({&ref.address, 1});
    return {ref.hash, ref.address.staged()->written()};
  }
  void reopen() {
    store.reset();
    backend.reopen();
    store = std::make_unique<ObjectStore>(*backend);
  }
};
INSTANTIATE_TEST_SUITE_P(Each, ObjectStoreTest, tests::each_backend, tests::backend_name);

TEST_P(ObjectStoreTest, AStagedObjectIsReadFromItsArena) {
  Arena arena;
  ObjectRef ref = blob(arena, "hello");
  auto object = store->load(ref);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->bytes, "hello");
  EXPECT_EQ(object->segment, 0u);
}

TEST_P(ObjectStoreTest, APersistedObjectIsFoundByAddressByNameAndWithABadHint) {
  ObjectRef first = persist_blob("first"), second = persist_blob("second");
  reopen();
  EXPECT_EQ(store->load(first)->bytes, "first");
  EXPECT_EQ(store->load(first.hash, {})->bytes, "first");
  EXPECT_EQ(store->load(first.hash, second.address)->bytes, "first");
  EXPECT_EQ(store->load(first.hash, Address::in_segment(99, 32))->bytes, "first");
  EXPECT_EQ(store->load(first.hash, Address::in_segment(1, 40))->bytes, "first");
  EXPECT_EQ(store->load(first.hash, Address::in_segment(1, 1 << 19))->bytes, "first");
  EXPECT_EQ(store->load(first.hash, Address::from_value(~uint64_t{0} >> 1))->bytes, "first");
  EXPECT_EQ(store->find(second.hash).value(), second.address);
}

TEST_P(ObjectStoreTest, AnAbsentNameIsNotFoundWhateverTheHint) {
  ObjectRef ref = persist_blob("x");
  Hash absent = hash_object(ObjectKind::blob, "absent");
  EXPECT_EQ(store->find(absent).value(), std::nullopt);
  EXPECT_EQ(store->load(absent, {}).error().kind, Error::Kind::not_found);
  EXPECT_EQ(store->load(absent, ref.address).error().kind, Error::Kind::not_found);
  EXPECT_NE(store->load(absent, {}).error().message.find(to_hex(absent)), std::string::npos);
}

TEST_P(ObjectStoreTest, AnObjectIsCheckedOnce) {
  ObjectRef ref = persist_blob("x");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->load(ref));
  EXPECT_EQ(store->counts().checks, 1u);
  EXPECT_EQ(store->counts().loads, 5u);
  EXPECT_EQ(store->counts().lookups, 0u);
}

// Child addresses lead from object to object without a lookup, in one segment and across several.
TEST_P(ObjectStoreTest, ChildrenAreWrittenFirstAndNamedByTheirAddresses) {
  ObjectRef old = persist_blob("old");
  Arena arena;
  ObjectRef a = blob(arena, "a"), b = blob(arena, "b");
  ObjectRef top = arena.add(ObjectKind::rope, "names a, b, old, and none",
                            std::vector<Address>{a.address, b.address, old.address, Address{}});
  persist({&top.address, 1});
  Address at = top.address.staged()->written();
  auto segment = SegmentView::open(at.segment(), *backend->segment(at.segment()).value()).value();
  auto object = segment.record(at.offset_bytes()).value();
  ASSERT_EQ(object.side_count, 4u);
  EXPECT_EQ(store->load(a.hash, object.address(0))->bytes, "a");
  EXPECT_EQ(store->load(b.hash, object.address(1))->bytes, "b");
  EXPECT_EQ(store->load(old.hash, object.address(2))->bytes, "old");
  EXPECT_FALSE(object.address(3));
  EXPECT_EQ(store->counts().lookups, 0u);
}

TEST_P(ObjectStoreTest, OnlyWhatRootsReachIsWrittenAndOnlyOnce) {
  Arena arena;
  ObjectRef a = blob(arena, "a");
  blob(arena, "garbage");
  ObjectRef top = arena.add(ObjectKind::rope, "t", std::vector<Address>{a.address, a.address});
  Address roots[] = {top.address, a.address};
  persist(roots);
  EXPECT_EQ(store->counts().written, 2u);
  persist(roots);
  EXPECT_EQ(store->counts().written, 2u);
  EXPECT_EQ(arena.unwritten_bytes(), 7u);
}

TEST_P(ObjectStoreTest, MoreThanASegmentHoldsGoesIntoSeveral) {
  Arena arena;
  std::mt19937_64 random(1);
  std::vector<Address> children;
  std::vector<ObjectRef> refs;
  for (int i = 0; i < 60; ++i) {
    Bytes bytes(60'000, static_cast<char>(random()));
    bytes += std::to_string(i);
    refs.push_back(blob(arena, bytes));
    children.push_back(refs.back().address);
  }
  ObjectRef top = arena.add(ObjectKind::rope, "t", children);
  persist({&top.address, 1});
  EXPECT_EQ(backend->snapshot().value()->last_segment(), 4u);
  reopen();
  for (auto& ref : refs) {
    auto object = store->load(ref.hash, ref.address.staged()->written());
    ASSERT_TRUE(object) << object.error().message;
    EXPECT_EQ(hash_object(object->kind, object->bytes), ref.hash);
  }
  EXPECT_EQ(store->counts().lookups, 0u);
}

TEST_P(ObjectStoreTest, AnObjectLargerThanASegmentIsRefused) {
  Arena arena;
  ObjectRef ref = blob(arena, Bytes(size_t{1} << 20, 'x'));
  auto write = backend->write().value();
  EXPECT_EQ(store->persist(*write, {&ref.address, 1}).error().kind, Error::Kind::limit);
}

TEST_P(ObjectStoreTest, SpilledObjectsLoseTheirBytesAndAreReadFromTheStore) {
  Arena arena;
  arena.set_spill(100'000, [&](Arena& full) { return store->spill(full); });
  std::vector<ObjectRef> refs;
  for (int i = 0; i < 50; ++i) {
    refs.push_back(blob(arena, Bytes(10'000, 'x') + std::to_string(i)));
    ASSERT_TRUE(arena.relieve());
    EXPECT_LT(arena.unwritten_bytes(), 120'000u);
  }
  ObjectRef top = arena.add(ObjectKind::rope, "t", std::vector<Address>{refs[0].address});
  persist({&top.address, 1});
  for (int i = 0; i < 50; ++i) {
    auto object = store->load(refs[i]);
    ASSERT_TRUE(object) << object.error().message;
    EXPECT_TRUE(object->bytes.ends_with("x" + std::to_string(i)));
  }
  EXPECT_EQ(store->counts().lookups, 0u);
}

TEST_P(ObjectStoreTest, AWriteThatIsDroppedLeavesNothing) {
  Arena arena;
  ObjectRef ref = blob(arena, "x");
  {
    auto write = backend->write().value();
    ASSERT_TRUE(store->persist(*write, {&ref.address, 1}));
  }
  EXPECT_EQ(store->find(ref.hash).value(), std::nullopt);
  ObjectRef other = persist_blob("other");
  EXPECT_EQ(store->load(other)->bytes, "other");
  EXPECT_EQ(store->find(ref.hash).value(), std::nullopt);
}

}  // namespace
}  // namespace ukstore
