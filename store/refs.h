#pragma once
// How heads lie in the record table: docs/format.md, "Heads".

#include <ukstore/store/byte_reader.h>
#include <ukstore/store/store.h>

namespace ukstore {

// The key of the record that holds a branch's or tag's head.
inline Bytes ref_key(RefKind kind, BytesView name) {
  Bytes key(1, static_cast<char>(kind));
  key += name;
  return key;
}

// A hint that may leave the store: where a staged object was written, or none if it is only staged.
// `staged` must still live; a hint of unknown origin is dropped by `trusted` instead.
ObjectRef settled(const ObjectRef& ref);
std::optional<Head> settled(const std::optional<Head>& head);
std::vector<RefChange> settled(std::vector<RefChange> changes);

// A ref that a caller hands in: a staged hint may be of an arena that is long gone, so it is never
// followed.
inline ObjectRef trusted(const ObjectRef& ref) {
  return ref.address.is_staged() ? ObjectRef{ref.hash, {}} : ref;
}

// The fixed-size encoding of a head, or of an absent one (kind 0), as records and journal hold it.
// A staged hint must have been written.
constexpr size_t kHeadBytes = 41;
void append_head(Bytes& to, const std::optional<Head>& head);
// Fails the reader for a kind that does not exist.
std::optional<Head> read_head(ByteReader& in);

// The value of a head's record.
Bytes encode_head(const Head& head);
Result<Head> decode_head(BytesView value);

// "branch main" or "tag v1", printable: for messages.
std::string describe(RefKind kind, BytesView name);
std::string describe(const std::optional<Head>& head);

}  // namespace ukstore
