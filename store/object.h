#pragma once
// Objects: immutable canonical bytes of a kind, named by their hash, found by an address.
//
// Every stored object carries, beside its canonical bytes, a *side array*: the addresses of the
// objects that its bytes name, in the order in which the bytes name them.  Side arrays are not
// hashed.  They are hints that make reading an index-free walk: whoever follows one compares the
// hash of what it finds, and looks the hash up where a hint has gone stale.

#include <ukstore/store/bytes.h>
#include <ukstore/store/hash.h>

#include <cassert>

namespace ukstore {

class StagedObject;

// Where an object lies: in a segment of the store, or staged in memory and not yet written.
// `none` (0) is the absent hint.
class Address {
 public:
  // An object starts at a multiple of 8 within a segment of at most 1 MiB.
  static constexpr int kOffsetBits = 17;
  static constexpr size_t kSegmentBytesMax = size_t{8} << kOffsetBits;

  constexpr Address() = default;
  static constexpr Address from_value(uint64_t value) { return Address(value); }
  static constexpr Address in_segment(uint64_t segment, uint32_t offset_bytes) {
    return Address(segment << kOffsetBits | offset_bytes / 8);
  }
  static Address of(const StagedObject* staged) {
    return Address(kStagedBit | reinterpret_cast<uintptr_t>(staged));
  }

  constexpr explicit operator bool() const { return value_ != 0; }
  constexpr bool is_staged() const { return value_ & kStagedBit; }
  // Only for staged addresses.
  StagedObject* staged() const {
    assert(is_staged());
    return reinterpret_cast<StagedObject*>(value_ & ~kStagedBit);
  }
  // Only for addresses in a segment.
  constexpr uint64_t segment() const { return value_ >> kOffsetBits; }
  constexpr uint32_t offset_bytes() const {
    return static_cast<uint32_t>(value_ & ((1u << kOffsetBits) - 1)) * 8;
  }
  constexpr uint64_t value() const { return value_; }
  constexpr bool operator==(const Address&) const = default;

 private:
  static constexpr uint64_t kStagedBit = uint64_t{1} << 63;
  constexpr explicit Address(uint64_t value) : value_(value) {}
  uint64_t value_ = 0;
};

// A name and a hint where the object lies.
struct ObjectRef {
  Hash hash;
  Address address;

  // The hint does not count: equal names are equal objects.
  bool operator==(const ObjectRef& other) const { return hash == other.hash; }
};

// An object in place: borrowed from a segment (valid while the store is open) or from an arena
// (valid while the arena lives).
struct ObjectView {
  ObjectKind kind{};
  BytesView bytes;        // canonical
  const char* side = {};  // `side_count` addresses, 8 bytes each
  uint32_t side_count = 0;
  uint64_t segment = 0;  // where it lies; 0 if staged

  // The i-th side address.  As stored, segment 0 means the object's own segment.
  Address address(size_t i) const {
    assert(i < side_count);
    uint64_t value = load_le<uint64_t>(side + 8 * i);
    if (value != 0 && value >> Address::kOffsetBits == 0) value |= segment << Address::kOffsetBits;
    return Address::from_value(value);
  }
};

}  // namespace ukstore
