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

// A ref without its hint if that is staged: for refs that come in, whose arena may be long gone,
// and for refs that go out while their objects wait.
inline ObjectRef unstaged(const ObjectRef& ref) {
  return ref.address.is_staged() ? ObjectRef{ref.hash, {}} : ref;
}
std::optional<Head> unstaged(const std::optional<Head>& head);
std::vector<RefChange> unstaged(std::vector<RefChange> changes);

// The same with the place where a staged object was written, once that is committed: before, the
// hint would lead nowhere.  The object must still live.
ObjectRef settled(const ObjectRef& ref);
std::vector<RefChange> settled(std::vector<RefChange> changes);

// The fixed-size encoding of a head, or of an absent one (kind 0), as records and journal hold it.
// A staged hint must have been written.
constexpr size_t kHeadBytes = 41;
void append_head(Bytes& to, const std::optional<Head>& head);
// Fails the reader for a kind that does not exist.
std::optional<Head> read_head(ByteReader& in);

// The value of a head's record, sealed (seal.h).
Bytes encode_head(BytesView key, const Head& head);
Result<Head> decode_head(BytesView key, BytesView value);

// "branch main" or "tag v1", printable: for messages.
std::string describe(RefKind kind, BytesView name);
std::string describe(const std::optional<Head>& head);

}  // namespace ukstore
