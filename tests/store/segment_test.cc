#include <ukstore/store/segment.h>

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace ukstore {
namespace {

std::string hex(BytesView bytes) {
  std::string text;
  for (unsigned char c : bytes) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

// The bytes of a segment, in memory that is eight-aligned like a backend's.
struct Encoded {
  std::vector<uint64_t> words;
  size_t bytes = 0;

  std::span<char> span() { return {reinterpret_cast<char*>(words.data()), bytes}; }
  BytesView view() const { return {reinterpret_cast<const char*>(words.data()), bytes}; }
};

Encoded encode(std::span<const SegmentRecord> records) {
  Encoded out;
  out.bytes = kSegmentHeaderBytes;
  for (const auto& record : records)
    out.bytes += record_bytes(record.bytes.size(), record.side.size());
  out.words.resize((out.bytes + 7) / 8);
  encode_segment(records, out.span());
  return out;
}

struct Sample {
  Bytes bytes;
  std::vector<uint64_t> side;
};

std::vector<Sample> samples(uint64_t seed, int count) {
  std::mt19937_64 random(seed);
  std::vector<Sample> all(count);
  for (auto& sample : all) {
    sample.bytes.resize(random() % 200);
    for (char& c : sample.bytes) c = static_cast<char>(random());
    sample.side.resize(random() % 4);
    for (auto& side : sample.side) side = random();
  }
  return all;
}

std::vector<SegmentRecord> records_of(const std::vector<Sample>& all) {
  std::vector<SegmentRecord> records;
  for (const auto& sample : all) {
    records.push_back(
        {ObjectKind::blob, hash_object(ObjectKind::blob, sample.bytes), sample.bytes, sample.side});
  }
  return records;
}

TEST(Segment, HasTheseBytesForEver) {
  std::vector<uint64_t> side{Address::in_segment(0, 32).value(),
                             Address::in_segment(5, 64).value()};
  std::vector<SegmentRecord> records{
      {ObjectKind::blob, hash_object(ObjectKind::blob, "hello"), "hello", {}},
      {ObjectKind::rope, hash_object(ObjectKind::rope, "abcd"), "abcd", side},
  };
  const char* header = "756b7367010000000200000098000000a00000000000000039e1f5904c6743b2";
  const char* hello =
      "f897cd100500000300000000e0fba2039540e06de13c570e016efd736de991f6433a267ee4c2d6d471415864"
      "68656c6c6f00000000000000";
  const char* rope =
      "2d5d306b040000040200000087cea8ea559694007a2a1f671f9620679202f36bf231d02652f12fc3be4da929"
      "61626364040000000000000008000a0000000000";
  const char* table = "5800000020000000";
  EXPECT_EQ(hex(encode(records).view()), std::string(header) + hello + rope + table);
}

TEST(Segment, GivesBackEveryRecordByOffsetAndByHash) {
  auto all = samples(1, 300);
  auto records = records_of(all);
  auto encoded = encode(records);
  auto segment = SegmentView::open(7, encoded.view());
  ASSERT_TRUE(segment) << segment.error().message;
  EXPECT_EQ(segment->count(), records.size());
  for (const auto& record : records) {
    auto offset = segment->find(record.hash);
    ASSERT_TRUE(offset);
    EXPECT_EQ(*offset % 8, 0u);
    EXPECT_EQ(segment->hash_at(*offset), record.hash);
    auto object = segment->record(*offset);
    ASSERT_TRUE(object) << object.error().message;
    EXPECT_EQ(object->kind, record.kind);
    EXPECT_EQ(object->bytes, record.bytes);
    EXPECT_EQ(object->segment, 7u);
  }
  EXPECT_EQ(segment->find(hash_object(ObjectKind::blob, "absent")), std::nullopt);
}

TEST(Segment, ListsItsRecordsInOrderOfHash) {
  auto all = samples(2, 100);
  auto records = records_of(all);
  auto encoded = encode(records);
  auto segment = SegmentView::open(1, encoded.view()).value();
  for (uint32_t i = 1; i < segment.count(); ++i) {
    EXPECT_LE(segment.hash_at(segment.offset_bytes(i - 1)).value(),
              segment.hash_at(segment.offset_bytes(i)).value());
  }
}

TEST(Segment, ASideAddressOfSegmentZeroMeansTheSameSegment) {
  std::vector<uint64_t> side{Address::in_segment(0, 40).value(), Address::in_segment(3, 48).value(),
                             0};
  std::vector<SegmentRecord> records{
      {ObjectKind::rope, hash_object(ObjectKind::rope, "x"), "x", side}};
  auto encoded = encode(records);
  auto segment = SegmentView::open(9, encoded.view()).value();
  auto object = segment.record(segment.offset_bytes(0)).value();
  ASSERT_EQ(object.side_count, 3u);
  EXPECT_EQ(object.address(0), Address::in_segment(9, 40));
  EXPECT_EQ(object.address(1), Address::in_segment(3, 48));
  EXPECT_FALSE(object.address(2));
}

TEST(Segment, AnyFlippedBitIsFound) {
  auto all = samples(3, 5);
  auto records = records_of(all);
  auto encoded = encode(records);
  const auto good = SegmentView::open(1, encoded.view()).value();
  std::vector<uint32_t> offsets;
  for (uint32_t i = 0; i < good.count(); ++i) offsets.push_back(good.offset_bytes(i));
  for (size_t bit = 0; bit < 8 * encoded.bytes; ++bit) {
    auto damaged = encoded;
    damaged.span()[bit / 8] = static_cast<char>(damaged.span()[bit / 8] ^ (1 << bit % 8));
    auto segment = SegmentView::open(1, damaged.view());
    bool found = !segment;
    for (size_t i = 0; !found && i < offsets.size(); ++i) found = !segment->record(offsets[i]);
    EXPECT_TRUE(found) << "bit " << bit;
  }
}

TEST(Segment, BytesThatLieAboutTheirLengthsAreRefused) {
  auto all = samples(4, 5);
  auto encoded = encode(records_of(all));
  for (size_t size = 0; size < encoded.bytes; ++size) {
    EXPECT_FALSE(SegmentView::open(1, encoded.view().substr(0, size))) << size;
  }
  // Whatever stands at an offset that is not a record's, reading there fails and stays in bounds.
  auto segment = SegmentView::open(1, encoded.view()).value();
  std::vector<bool> is_record(encoded.bytes + 64);
  for (uint32_t i = 0; i < segment.count(); ++i) is_record[segment.offset_bytes(i)] = true;
  for (uint32_t offset = 0; offset < encoded.bytes + 64; ++offset) {
    EXPECT_EQ(segment.record(offset).has_value(), is_record[offset]) << offset;
  }
}

TEST(Segment, PaddingBehindItDoesNotMatter) {
  auto all = samples(5, 5);
  auto encoded = encode(records_of(all));
  encoded.words.resize(encoded.words.size() + 512);
  encoded.bytes = 8 * encoded.words.size();
  EXPECT_TRUE(SegmentView::open(1, encoded.view()));
}

}  // namespace
}  // namespace ukstore
