#pragma once
// The record space of a backend: which keys exist.  The first byte of a key says whose record it
// is; docs/format.md, "Records and keys", lists what stands behind it.

#include <ukstore/store/bytes.h>
#include <ukstore/store/error.h>

namespace ukstore {

constexpr char kFormatPrefix = 'f';  // alone: what the file is; see format_record
constexpr char kHeadPrefix = 'h';    // + name: the head of a branch
constexpr char kIndexPrefix = 'i';  // alone: the index's manifest; + BE64 run + BE64 piece: a piece
constexpr char kJournalPrefix = 'j';      // + BE64: one mutation of heads
constexpr char kJournalMorePrefix = 'k';  // + BE64 + BE32: what did not fit into it
constexpr char kPrivatePrefix = 'p';      // + name: never leaves this replica
constexpr char kSegmentsPrefix = 's';     // alone: the highest number that an erased segment had
constexpr char kTagPrefix = 't';          // + name: a tag

constexpr size_t kRecordKeyBytesMax = 256;
constexpr size_t kRecordValueBytesMax = size_t{1} << 20;

// The prefix as a key or as the start of one.
inline Bytes record_key(char prefix, BytesView rest = {}) {
  Bytes key(1, prefix);
  key.append(rest);
  return key;
}

// `invalid` unless `key` may be a key of a record and `value_bytes` the size of its value.
Result<void> check_record_size(BytesView key, size_t value_bytes);

// The value of the format record: magic, version of the format, hash algorithm.  It is written by
// the transaction that completes the making of a store: a file without it is not a store yet.
Bytes format_record();
// Fails with `corrupt` if `value` is no format record, `unsupported` if it is of another format.
Result<void> check_format_record(BytesView value);

}  // namespace ukstore
