#include <ukstore/store/memory_backend.h>
#include <ukstore/store/object_store.h>
#include <ukstore/store/segment_cache.h>

#include <gtest/gtest.h>

#include <vector>

namespace ukstore {
namespace {

// A backend with some segments of small blobs, and where each blob lies.
struct Filled {
  std::unique_ptr<Backend> backend = make_memory_backend();
  std::vector<Address> addresses;

  Filled() {
    ObjectStore store(*backend);
    for (int segment = 0; segment < 10; ++segment) {
      Arena arena;
      std::vector<Address> roots;
      for (int i = 0; i < 50; ++i) {
        Bytes bytes = std::to_string(segment) + ":" + std::to_string(i);
        roots.push_back(arena.add(ObjectKind::blob, bytes, {}).address);
      }
      auto write = backend->write().value();
      EXPECT_TRUE(store.persist(*write, roots));
      EXPECT_TRUE(write->commit(Durability::durable));
      for (Address root : roots) addresses.push_back(root.staged()->written());
    }
  }
};

void expect_remembered(const SegmentCache& cache, const std::vector<Address>& addresses) {
  for (Address address : addresses) {
    EXPECT_EQ(cache.checked(address), nullptr);
    auto record = cache.check(address);
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(cache.checked(address), *record);
    EXPECT_TRUE(record_view(*record, address.segment()).bytes.find(':') != BytesView::npos);
  }
}

TEST(SegmentCache, RemembersWhatWasChecked) {
  Filled filled;
  SegmentCache cache(*filled.backend);
  expect_remembered(cache, filled.addresses);
  for (Address address : filled.addresses) EXPECT_NE(cache.checked(address), nullptr);
}

TEST(SegmentCache, RemembersSomeWhenThereIsNoRoomForBits) {
  Filled filled;
  SegmentCache cache(*filled.backend, 0);
  expect_remembered(cache, filled.addresses);
  size_t kept = 0;
  for (Address address : filled.addresses) kept += cache.checked(address) != nullptr;
  EXPECT_GT(kept, filled.addresses.size() / 2);
}

TEST(SegmentCache, KnowsNoRecordWhereNoneIs) {
  Filled filled;
  for (size_t room : {SegmentCache::kBitmapBytesMax, size_t{0}}) {
    SegmentCache cache(*filled.backend, room);
    ASSERT_TRUE(cache.check(filled.addresses[0]));
    Address first = filled.addresses[0];
    Address beside = Address::in_segment(first.segment(), first.offset_bytes() + 8);
    EXPECT_EQ(cache.check(beside).error().kind, Error::Kind::corrupt);
    EXPECT_EQ(cache.checked(beside), nullptr);
    EXPECT_EQ(cache.check(Address::in_segment(11, 32)).value(), nullptr);
    EXPECT_EQ(cache.check(Address::in_segment(uint64_t{1} << 45, 32)).value(), nullptr);
    EXPECT_EQ(cache.checked(Address::in_segment(1, (1 << 20) - 8)), nullptr);
  }
}

}  // namespace
}  // namespace ukstore
