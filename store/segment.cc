#include <ukstore/store/segment.h>

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <vector>

namespace ukstore {
namespace {

constexpr char kMagic[5] = "uksg";
constexpr uint32_t kVersion = 1;

// Offsets within the header.
constexpr size_t kVersionAt = 4, kCountAt = 8, kTableAt = 12, kLengthAt = 16, kHeaderCheckAt = 24;
// Offsets within a record.
constexpr size_t kSizeAt = 4, kSidesAt = 8, kHashAt = 12;

constexpr uint64_t round_up_8(uint64_t n) { return (n + 7) & ~uint64_t{7}; }

// The size in a segment of a record alone, without its slot in the table.
constexpr uint64_t body_bytes(uint64_t canonical_bytes, uint64_t side_count) {
  return round_up_8(kRecordHeadBytes + canonical_bytes) + 8 * side_count;
}

uint32_t record_check(const char* record, size_t bytes) {
  return static_cast<uint32_t>(XXH3_64bits(record + kSizeAt, bytes - kSizeAt));
}

// Over the header before the check, and the table.
uint64_t header_check(const char* segment, size_t table_offset, size_t count) {
  uint64_t seed = XXH3_64bits(segment, kHeaderCheckAt);
  return XXH3_64bits_withSeed(segment + table_offset, 4 * count, seed);
}

std::string numbered(uint64_t number, std::string_view what) {
  return "segment " + std::to_string(number) + " " + std::string(what);
}

}  // namespace

size_t record_bytes(size_t canonical_bytes, size_t side_count) {
  return body_bytes(canonical_bytes, side_count) + sizeof(uint32_t);
}

void encode_segment(std::span<const SegmentRecord> records, std::span<char> to) {
  assert(!records.empty() && to.size() <= Address::kSegmentBytesMax);
  // The start of a hash beside the offset, so that sorting stays within this array.
  struct Slot {
    uint64_t start;
    uint32_t offset;
  };
  std::vector<Slot> table(records.size());
  size_t at = kSegmentHeaderBytes;
  for (size_t i = 0; i < records.size(); ++i) {
    const SegmentRecord& record = records[i];
    size_t size = body_bytes(record.bytes.size(), record.side.size());
    assert(record.bytes.size() < (1u << 24) && at + size <= to.size());
    char* out = to.data() + at;
    store_le<uint32_t>(out + kSizeAt, static_cast<uint32_t>(record.bytes.size()) |
                                          static_cast<uint32_t>(record.kind) << 24);
    store_le<uint32_t>(out + kSidesAt, static_cast<uint32_t>(record.side.size()));
    std::memcpy(out + kHashAt, record.hash.bytes.data(), 32);
    if (!record.bytes.empty()) {
      std::memcpy(out + kRecordHeadBytes, record.bytes.data(), record.bytes.size());
    }
    size_t end = kRecordHeadBytes + record.bytes.size(), sides = round_up_8(end);
    std::memset(out + end, 0, sides - end);
    if (!record.side.empty()) std::memcpy(out + sides, record.side.data(), 8 * record.side.size());
    store_le<uint32_t>(out, record_check(out, size));
    table[i] = {__builtin_bswap64(record.hash.prefix()), static_cast<uint32_t>(at)};
    at += size;
  }
  assert(to.size() == at + 4 * table.size());
  std::ranges::sort(table, [&](const Slot& a, const Slot& b) {
    if (a.start != b.start) return a.start < b.start;
    int order = std::memcmp(to.data() + a.offset + kHashAt, to.data() + b.offset + kHashAt, 32);
    return order != 0 ? order < 0 : a.offset < b.offset;
  });
  for (size_t i = 0; i < table.size(); ++i) {
    store_le<uint32_t>(to.data() + at + 4 * i, table[i].offset);
  }

  std::memcpy(to.data(), kMagic, 4);
  store_le<uint32_t>(to.data() + kVersionAt, kVersion);
  store_le<uint32_t>(to.data() + kCountAt, static_cast<uint32_t>(table.size()));
  store_le<uint32_t>(to.data() + kTableAt, static_cast<uint32_t>(at));
  store_le<uint32_t>(to.data() + kLengthAt, static_cast<uint32_t>(to.size()));
  store_le<uint32_t>(to.data() + kLengthAt + 4, 0);
  store_le<uint64_t>(to.data() + kHeaderCheckAt, header_check(to.data(), at, table.size()));
}

Result<SegmentView> SegmentView::open(uint64_t number, BytesView bytes) {
  auto bad = [&](std::string_view what) {
    return fail(Error::Kind::corrupt, numbered(number, what));
  };
  if (bytes.size() < kSegmentHeaderBytes) return bad("is shorter than its header");
  if (std::memcmp(bytes.data(), kMagic, 4) != 0) return bad("does not start with the magic bytes");
  uint32_t version = load_le<uint32_t>(bytes.data() + kVersionAt);
  uint64_t count = load_le<uint32_t>(bytes.data() + kCountAt);
  uint64_t table = load_le<uint32_t>(bytes.data() + kTableAt);
  uint64_t length = load_le<uint32_t>(bytes.data() + kLengthAt);
  if (length > bytes.size() || length > Address::kSegmentBytesMax) return bad("ends early");
  if (count == 0 || table % 8 != 0 || table < kSegmentHeaderBytes || table + 4 * count != length) {
    return bad("has a header that contradicts itself");
  }
  if (load_le<uint64_t>(bytes.data() + kHeaderCheckAt) !=
      header_check(bytes.data(), table, count)) {
    return bad("has a header or table that does not match its checksum");
  }
  if (version != kVersion) {
    return fail(Error::Kind::unsupported,
                numbered(number, "has format " + std::to_string(version)));
  }
  SegmentView view = reopen(number, bytes);
  for (uint32_t i = 0; i < view.count_; ++i) {
    if (!view.has_head(view.offset_bytes(i))) return bad("has a table that points outside of it");
  }
  return view;
}

SegmentView SegmentView::reopen(uint64_t number, BytesView bytes) {
  SegmentView view;
  view.number_ = number;
  view.bytes_ = bytes.substr(0, load_le<uint32_t>(bytes.data() + kLengthAt));
  view.count_ = load_le<uint32_t>(bytes.data() + kCountAt);
  view.table_offset_ = load_le<uint32_t>(bytes.data() + kTableAt);
  return view;
}

uint32_t SegmentView::offset_bytes(uint32_t i) const {
  assert(i < count_);
  return load_le<uint32_t>(bytes_.data() + table_offset_ + 4 * size_t{i});
}

bool SegmentView::has_head(uint32_t offset_bytes) const {
  return offset_bytes % 8 == 0 && offset_bytes >= kSegmentHeaderBytes &&
         offset_bytes + kRecordHeadBytes <= table_offset_;
}

Result<ObjectView> SegmentView::record(uint32_t offset_bytes) const {
  auto bad = [&](std::string_view what) {
    return fail(Error::Kind::corrupt, numbered(number_, "has at offset ") +
                                          std::to_string(offset_bytes) + " " + std::string(what));
  };
  if (!has_head(offset_bytes)) return bad("no record");
  const char* record = bytes_.data() + offset_bytes;
  uint64_t size = load_le<uint32_t>(record + kSizeAt) & 0xffffff;
  uint64_t bytes = body_bytes(size, load_le<uint32_t>(record + kSidesAt));
  if (offset_bytes + bytes > table_offset_) return bad("a record that does not end in it");
  if (load_le<uint32_t>(record) != record_check(record, bytes)) {
    return bad("a record that does not match its checksum");
  }
  return record_view(record, number_);
}

Result<Hash> SegmentView::hash_at(uint32_t offset_bytes) const {
  if (!has_head(offset_bytes))
    return fail(Error::Kind::corrupt, numbered(number_, "has no record there"));
  return Hash::load(bytes_.data() + offset_bytes + kHashAt);
}

uint32_t SegmentView::lower_bound(const Hash& hash) const {
  uint32_t low = 0, high = count_;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const char* at = bytes_.data() + offset_bytes(middle) + kHashAt;
    if (std::memcmp(at, hash.bytes.data(), 32) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<uint32_t> SegmentView::find(const Hash& hash) const {
  uint32_t i = lower_bound(hash);
  if (i == count_) return std::nullopt;
  uint32_t offset = offset_bytes(i);
  if (Hash::load(bytes_.data() + offset + kHashAt) != hash) return std::nullopt;
  return offset;
}

}  // namespace ukstore
