#pragma once
// How objects lie in a segment.  Drawn byte by byte in docs/format.md, "Segments".
//
//   header   32 bytes   magic, format version, number of objects, offset of the table, length,
//   zero,
//                       XXH3_64 of header and table
//   records             each 8-aligned: check, kind and size, side count, hash, canonical
//                       bytes, padding, side array
//   table               offsets of the records, sorted by hash
//
// The check of a record is XXH3_64 (its low 32 bits) over all of the record behind it: it finds
// rot, it does not name anything.  A side address whose segment number is 0 means this same
// segment, so that the bytes do not depend on where the segment lands.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <optional>
#include <span>

namespace ukstore {

// One object for `encode_segment`.  `side` holds final addresses, or addresses in segment 0 for
// objects of the same segment (their offsets as `record_offsets` gives them).
struct SegmentRecord {
  ObjectKind kind;
  Hash hash;
  BytesView bytes;
  std::span<const uint64_t> side;
};

// Bytes that a record of this shape takes in a segment, padding and its slot in the table included;
// and those that an empty segment takes.
size_t record_bytes(size_t canonical_bytes, size_t side_count);
constexpr size_t kSegmentHeaderBytes = 32;

// What precedes the canonical bytes in a record: check, kind and size, side count, hash.
constexpr size_t kRecordHeadBytes = 44;

// The hash that stands in the record at `record`, and the object in it: for a record that was
// checked.
inline const char* record_hash(const char* record) { return record + 12; }
inline ObjectView record_view(const char* record, uint64_t segment) {
  uint32_t kind_and_size = load_le<uint32_t>(record + 4);
  uint32_t size = kind_and_size & 0xffffff;
  return {static_cast<ObjectKind>(kind_and_size >> 24), BytesView(record + kRecordHeadBytes, size),
          record + ((kRecordHeadBytes + size + 7) & ~size_t{7}), load_le<uint32_t>(record + 8),
          segment};
}

// Writes a segment into `to`, whose size is kSegmentHeaderBytes + the sum of record_bytes.
void encode_segment(std::span<const SegmentRecord> records, std::span<char> to);

// A segment in place.  `open` checks header and table (bounds, the checksum, that the table points
// into the records) and fails with `corrupt`, or with `unsupported` for a later format; records are
// checked one by one when read.
class SegmentView {
 public:
  static Result<SegmentView> open(uint64_t number, BytesView bytes);
  // The same without checks, for bytes that `open` has accepted.
  static SegmentView reopen(uint64_t number, BytesView bytes);

  uint32_t count() const { return count_; }
  // Up to the end of the table; less than what the backend gave, which may be padded.
  size_t size_bytes() const { return bytes_.size(); }
  // The offset of the i-th record in the order of hashes.
  uint32_t offset_bytes(uint32_t i) const;
  // The record at an offset, checked against its checksum and the segment's bounds.
  Result<ObjectView> record(uint32_t offset_bytes) const;
  // Its hash as stored, unchecked; for searching the table.
  Result<Hash> hash_at(uint32_t offset_bytes) const;
  // The record named `hash`; nullopt if the segment has none.
  std::optional<uint32_t> find(const Hash& hash) const;
  // The place in the order of hashes of the first record whose hash is not below `hash`; count() if
  // none.
  uint32_t lower_bound(const Hash& hash) const;

 private:
  bool has_head(uint32_t offset_bytes) const;

  uint64_t number_ = 0;
  BytesView bytes_;
  uint32_t count_ = 0;
  uint32_t table_offset_ = 0;
};

}  // namespace ukstore
