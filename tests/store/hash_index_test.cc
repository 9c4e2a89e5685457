#include "backends.h"

#include <ukstore/store/hash_index.h>
#include <ukstore/store/object_store.h>
#include <ukstore/store/records.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace ukstore {
namespace {

using tests::OnEveryBackend;
constexpr uint64_t kMany = ObjectStore::kUnindexedMax + 1;

class HashIndexTest : public OnEveryBackend {
 protected:
  std::unique_ptr<ObjectStore> store = std::make_unique<ObjectStore>(*backend);
  std::map<Hash, Address> model;
  int made = 0;

  // One transaction with so many segments of two blobs each, and so many steps of the index.
  void grow(uint64_t segments, int steps) {
    auto write = backend->write().value();
    for (uint64_t i = 0; i < segments; ++i) {
      Arena arena;
      Address roots[2];
      for (Address& root : roots)
        root = arena.add(ObjectKind::blob, "blob " + std::to_string(made++), {}).address;
      ASSERT_TRUE(store->persist(*write, roots));
      for (Address root : roots) model[root.staged()->hash()] = root.staged()->written();
    }
    for (int i = 0; i < steps; ++i) {
      auto ok = store->index(*write);
      ASSERT_TRUE(ok) << ok.error().message;
    }
    ASSERT_TRUE(write->commit(Durability::lazy));
  }
  void reopen() {
    store.reset();
    backend.reopen();
    store = std::make_unique<ObjectStore>(*backend);
  }
  IndexManifest manifest() { return IndexManifest::load(*backend->snapshot().value()).value(); }
  void put_manifest(const IndexManifest& manifest) {
    auto write = backend->write().value();
    ASSERT_TRUE(write->put(record_key(kIndexPrefix), manifest.encode()));
    ASSERT_TRUE(write->commit(Durability::durable));
  }
  void expect_all_found() {
    int wrong = 0, i = 0;
    for (auto& [hash, address] : model) {
      if (model.size() > 5000 && i++ % 10 != 0) continue;
      auto found = store->find(hash);
      ASSERT_TRUE(found) << found.error().message;
      wrong += *found != address;
    }
    EXPECT_EQ(wrong, 0);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(store->find(hash_object(ObjectKind::blob, "no" + std::to_string(i))).value(),
                std::nullopt);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Each, HashIndexTest, tests::each_backend, tests::backend_name);

TEST_P(HashIndexTest, FewSegmentsAreNotIndexed) {
  grow(kMany - 1, 3);
  EXPECT_EQ(manifest().mark, 0u);
  expect_all_found();
}

TEST_P(HashIndexTest, ManySegmentsBecomeARunButForThoseOfTheWriteUnderWay) {
  grow(kMany, 1);
  EXPECT_EQ(manifest().mark, 0u);
  grow(5, 1);
  EXPECT_EQ(manifest().mark, kMany);
  EXPECT_EQ(manifest().runs.size(), 1u);
  EXPECT_EQ(manifest().runs[0].entries, 2 * kMany);
  expect_all_found();
  reopen();
  expect_all_found();
}

TEST_P(HashIndexTest, EveryNameIsFoundInEveryStateOfAMerge) {
  std::set<uint32_t> tiers;
  std::set<IndexRun::State> states;
  for (int round = 0; round < 40; ++round) {
    grow(round < 20 ? kMany : 1, 1);
    for (auto& run : manifest().runs) {
      tiers.insert(run.tier);
      states.insert(run.state);
    }
    if (round == 7 || (round > 8 && round < 14)) expect_all_found();
    if (round == 12) reopen();
  }
  EXPECT_EQ(tiers, (std::set<uint32_t>{0, 1}));
  EXPECT_EQ(states.size(), 4u);
  auto m = manifest();
  EXPECT_LT(m.runs.size(), 12u);
  expect_all_found();
}

TEST_P(HashIndexTest, AMergeLeavesNoPiecesBehind) {
  for (int round = 0; round < 9; ++round) grow(kMany, 1);
  for (int round = 0; round < 20; ++round) grow(0, 1);
  std::set<Bytes> named{record_key(kIndexPrefix)}, stored;
  for (auto& run : manifest().runs) {
    EXPECT_EQ(run.state, IndexRun::State::live);
    for (uint32_t i = 0; i < run.pieces; ++i) named.insert(index_piece_key(run.number, i));
  }
  ASSERT_TRUE(
      backend->snapshot().value()->scan("i", {}, Direction::forward, [&](BytesView key, BytesView) {
        stored.emplace(key);
        return Flow::go_on;
      }));
  EXPECT_EQ(stored, named);
}

TEST_P(HashIndexTest, ItCanBeRebuilt) {
  for (int round = 0; round < 10; ++round) grow(kMany, 1);
  auto write = backend->write().value();
  ASSERT_TRUE(store->rebuild_index(*write));
  ASSERT_TRUE(write->commit(Durability::durable));
  EXPECT_EQ(manifest().mark, 10 * kMany);
  expect_all_found();
}

TEST_P(HashIndexTest, AnIndexAheadOfItsSegmentsIsReportedAndThenRebuilt) {
  grow(3, 1);
  auto wrong = manifest();
  wrong.mark = 4;
  put_manifest(wrong);
  auto found = store->find(model.begin()->first);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, Error::Kind::corrupt);
  EXPECT_NE(found.error().message.find("ahead"), std::string::npos);
  grow(0, 1);
  EXPECT_LE(manifest().mark, 3u);
  expect_all_found();
}

TEST_P(HashIndexTest, ADamagedManifestIsReported) {
  grow(1, 0);
  auto write = backend->write().value();
  ASSERT_TRUE(write->put(record_key(kIndexPrefix), "nonsense"));
  ASSERT_TRUE(write->commit(Durability::durable));
  EXPECT_EQ(store->find(model.begin()->first).error().kind, Error::Kind::corrupt);
}

TEST_P(HashIndexTest, PrefixesFindWhatAScanOfAllNamesFinds) {
  for (int round = 0; round < 3; ++round) grow(kMany, 1);
  grow(10, 1);
  std::mt19937_64 random(7);
  std::vector<Hash> all;
  for (auto& [hash, address] : model) all.push_back(hash);
  for (int i = 0; i < 40; ++i) {
    std::string digits = to_hex(all[random() % all.size()]).substr(0, 4 + random() % 3);
    std::vector<Hash> expected;
    for (auto& hash : all) {
      if (to_hex(hash).starts_with(digits)) expected.push_back(hash);
    }
    EXPECT_EQ(store->find_prefix(digits, 1000).value(), expected) << digits;
    EXPECT_EQ(store->find_prefix(digits, 1).value(), std::vector<Hash>{expected[0]});
  }
  EXPECT_EQ(store->find_prefix(to_hex(all[0]), 9).value(), std::vector<Hash>{all[0]});
  EXPECT_EQ(store->find_prefix("abc", 9).error().kind, Error::Kind::invalid);
  EXPECT_EQ(store->find_prefix("abcg", 9).error().kind, Error::Kind::invalid);
}

TEST(IndexPiece, FindsEveryPlaceThatALinearSearchFinds) {
  std::mt19937_64 random(1);
  for (uint32_t count : {1u, 2u, 7u, 100u, IndexPiece::kEntriesMax}) {
    std::vector<IndexEntry> entries(count);
    for (auto& entry : entries) {
      for (auto& byte : entry.hash.bytes) byte = static_cast<uint8_t>(random());
      // Some runs of equal beginnings, which a guess from them cannot tell apart.
      if (random() % 4 == 0) std::fill_n(entry.hash.bytes.begin(), 9, uint8_t{0x80});
    }
    std::ranges::sort(entries, {}, &IndexEntry::hash);
    Bytes bytes = IndexPiece::encode(entries);
    auto piece = IndexPiece::open(bytes).value();
    EXPECT_TRUE(piece.intact());
    for (int i = 0; i < 2000; ++i) {
      Hash wanted = entries[random() % count].hash;
      int change = static_cast<int>(random() % 3);
      if (change == 1) wanted.bytes[random() % 32] ^= 1;
      if (change == 2) {
        for (auto& byte : wanted.bytes) byte = static_cast<uint8_t>(random());
      }
      auto expected =
          std::ranges::lower_bound(entries, wanted, {}, &IndexEntry::hash) - entries.begin();
      ASSERT_EQ(piece.lower_bound(wanted), static_cast<uint32_t>(expected));
    }
    bytes[bytes.size() / 2] ^= 1;
    EXPECT_FALSE(IndexPiece::open(bytes).value().intact());
  }
}

TEST(IndexRun, PlacesAreFoundAcrossPiecesEvenWhenTheGuessIsWrong) {
  auto backend = make_memory_backend();
  auto write = backend->write().value();
  std::mt19937_64 random(2);
  std::vector<IndexEntry> entries(5 * IndexPiece::kEntriesMax / 2);
  for (auto& entry : entries) {
    for (auto& byte : entry.hash.bytes) byte = static_cast<uint8_t>(random());
    // Two thirds lie in a sixteenth of the range.
    if (random() % 3 != 0) entry.hash.bytes[0] &= 0xf;
  }
  std::ranges::sort(entries, {}, &IndexEntry::hash);
  IndexRun run{.number = 1};
  for (size_t at = 0; at < entries.size(); at += IndexPiece::kEntriesMax) {
    auto piece = std::span(entries).subspan(
        at, std::min<size_t>(IndexPiece::kEntriesMax, entries.size() - at));
    ASSERT_TRUE(write->put(index_piece_key(1, run.pieces++), IndexPiece::encode(piece)));
    run.entries += piece.size();
  }
  for (size_t i = 0; i < entries.size(); i += 37) {
    auto place = index_lower_bound(*write, run, entries[i].hash).value();
    EXPECT_EQ(place.piece * IndexPiece::kEntriesMax + place.entry, i);
  }
  for (uint32_t piece = 1; piece < run.pieces; ++piece) {
    auto place =
        index_lower_bound(*write, run, entries[piece * IndexPiece::kEntriesMax].hash).value();
    EXPECT_EQ(place.piece, piece);
    EXPECT_EQ(place.entry, 0u);
  }
  Hash highest;
  highest.bytes.fill(0xff);
  EXPECT_EQ(index_lower_bound(*write, run, highest).value().piece, run.pieces);
}

}  // namespace
}  // namespace ukstore
