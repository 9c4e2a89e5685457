#pragma once
// How objects lie in a segment.  Drawn byte by byte in docs/format.md, "Segments".
//
//   header   32 bytes   magic, format version, number of objects, offset of the table, length,
//                       XXH3_64 of header and table
//   records             each 8-aligned: check, kind and size, side count, hash, canonical
//                       bytes, padding, side array
//   table               offsets of the records, sorted by hash
//
// The check of a record is XXH3_64 (its low 32 bits) over all of the record behind it: it finds rot, it
// does not name anything.  A side address whose segment number is 0 means this same segment, so that the
// bytes do not depend on where the segment lands.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <span>
#include <vector>

namespace ukstore {

// One object for `encode_segment`.  `side` holds final addresses, or addresses in segment 0 for objects of
// the same segment (their offsets as `record_offsets` gives them).
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

// Writes a segment into `to`, whose size is kSegmentHeaderBytes + the sum of record_bytes.
void encode_segment(std::span<const SegmentRecord> records, std::span<char> to);

// A segment in place.  `open` checks header and table (bounds, order of the table's offsets being within
// the records, the table's checksum) and fails with `corrupt`; records are checked one by one when read.
class SegmentView {
 public:
  static Result<SegmentView> open(uint64_t number, BytesView bytes);

  uint32_t count() const { return count_; }
  // The offset of the i-th record in the order of hashes.
  uint32_t offset_bytes(uint32_t i) const;
  // The record at an offset, checked against its checksum and the segment's bounds.
  Result<ObjectView> record(uint32_t offset_bytes) const;
  // Its hash as stored, unchecked; for searching the table.
  Result<Hash> hash_at(uint32_t offset_bytes) const;
  // The record named `hash`; nullopt if the segment has none.
  std::optional<uint32_t> find(const Hash& hash) const;

 private:
  uint64_t number_ = 0;
  BytesView bytes_;
  uint32_t count_ = 0;
  uint32_t table_offset_ = 0;
};

}  // namespace ukstore
