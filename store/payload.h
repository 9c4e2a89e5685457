#pragma once
// Payloads: the opaque bytes of an entry, as a tree stores them.
//
// Up to 64 bytes stand inline in the entry.  Up to 64 KiB are one blob object.  Longer ones are cut
// by content into chunks of 16 KiB on average (4 to 64 KiB) under a rope, so that an edit in the
// middle of a long value writes the chunks it touches and nothing is ever held whole in memory. The
// form is a function of the bytes alone: equal payloads have equal forms and equal names.

#include <ukstore/store/arena.h>
#include <ukstore/store/object_store.h>

#include <memory>

namespace ukstore {

constexpr size_t kInlineBytesMax = 64;
constexpr size_t kBlobBytesMax = 64 * 1024;

enum class PayloadForm : uint8_t { none = 0, inlined = 1, blob = 2, rope = 3 };

// A payload in its stored form.  An owning value: it keeps the arena in which its objects are
// staged.
struct Payload {
  PayloadForm form = PayloadForm::none;
  Bytes inlined;                 // form inlined
  ObjectRef object;              // forms blob and rope
  uint64_t size = 0;             // bytes of the payload itself
  std::shared_ptr<Arena> arena;  // where `object` is staged; null if it is written

  bool operator==(const Payload& other) const {
    return form == other.form && inlined == other.inlined && object == other.object &&
           size == other.size;
  }
};

// The stored form of bytes that are at hand.  What needs objects of its own and is not in the store
// yet is staged in `arena`.
Result<Payload> make_payload(const ObjectStore& objects, const std::shared_ptr<Arena>& arena,
                             BytesView bytes);

// Takes a payload of any length piece by piece, in memory of a few hundred KiB if its arena spills
// (Arena::set_spill; Store::new_spilling_arena gives one that does), else of the payload's size.
class PayloadWriter {
 public:
  // The arena should be this writer's own: spilling drops the bytes of what is staged in it.
  PayloadWriter(const ObjectStore& objects, std::shared_ptr<Arena> arena);
  ~PayloadWriter();
  PayloadWriter(const PayloadWriter&) = delete;

  Result<void> append(BytesView piece);
  // The payload of all pieces.  Call it once, last.
  Result<Payload> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads a payload in place or by ranges.  `objects` outlives the reader.
class PayloadReader {
 public:
  PayloadReader(const ObjectStore& objects, Payload payload);
  uint64_t size() const { return payload_.size; }

  // The whole payload, copied.
  Result<Bytes> read_all() const;
  // Up to `to.size()` bytes from `offset`; returns how many (0 at and past the end).
  Result<size_t> read(uint64_t offset, std::span<char> to) const;
  // Visits the bytes from `offset` on in order, in pieces of at most 64 KiB, borrowed during the
  // call.
  Result<void> visit(uint64_t offset, const std::function<Flow(BytesView)>& piece) const;

 private:
  const ObjectStore& objects_;
  Payload payload_;
};

}  // namespace ukstore
