#pragma once
// Long payloads: chunks cut by content, under nodes that list them (docs/format.md, "Ropes").
//
//   u8 level   u8 size width   u16 count   `count` sizes in that width   `count` hashes
//
// Level 0 lists chunks (blobs), level n lists ropes of level n - 1.  Sizes are the payload's bytes
// below. A rope ends by the rule of boundary.h, with the first four bytes of an entry's hash in
// place of a key's hash and a counted size of 44 an entry, never behind the first entry.

#include <ukstore/store/error.h>
#include <ukstore/store/object.h>

#include <vector>

namespace ukstore {

constexpr size_t kChunkBytesMin = 4 * 1024;
constexpr size_t kChunkBytesMax = 64 * 1024;

// How long the first chunk of these bytes is: they are all that is left of the payload, or at least
// kChunkBytesMax of it.
size_t chunk_length(BytesView bytes);

struct RopeItem {
  ObjectRef ref;
  uint64_t size = 0;
};

// A rope node in place, which has passed `validate_rope`.
class RopeView {
 public:
  explicit RopeView(const ObjectView& object) : object_(object) {}
  uint8_t level() const { return static_cast<uint8_t>(object_.bytes[0]); }
  uint32_t count() const { return load_le<uint16_t>(object_.bytes.data() + 2); }
  RopeItem item(uint32_t i) const;

 private:
  ObjectView object_;
};

Bytes encode_rope(uint8_t level, const std::vector<RopeItem>& items);
bool is_rope_boundary(const Hash& hash, size_t items_before);
Result<uint32_t> validate_rope(BytesView bytes);

}  // namespace ukstore
