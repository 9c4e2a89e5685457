#pragma once
// Where the nodes of a tree end: a function of keys and sizes, and so part of the format.
//
// The chance that a node ends behind an entry grows with the node's size so that sizes follow a
// Weibull distribution of shape 4 around 1 KiB (the size-dependent rule that Dolt introduced: the
// spread of sizes is 0.27 of the mean, against 0.97 for a rule by hash alone).  With s0 and s1 the
// counted bytes of the node before and behind the entry, T = 1024, c = T / 0.9064 and p the entry's
// hash as a fraction of 2^32, the node ends iff
//
//     p < 1 - exp(-((s1/c)^4 - (s0/c)^4)),  never if s1 < T/8, always if s1 > 4T.
//
// No floating point decides it: both sides are compared as logarithms to base 2 in fixed point,
// through a table that is part of the format (docs/format.md, "Boundaries").  Values are never
// hashed, so an update of equal size moves no boundary.

#include <ukstore/store/bytes.h>

namespace ukstore {

constexpr uint64_t kNodeBytesTarget = 1024;

// What an entry adds to the counted size of its node.  An inner entry counts kInnerCountedBytes
// beside its key, whatever it takes when encoded.
constexpr uint64_t kEntryCountedBytes = 4;
constexpr uint64_t kInnerCountedBytes = 40;
constexpr uint64_t leaf_counted_bytes(size_t key_bytes, size_t value_bytes) {
  return key_bytes + value_bytes + kEntryCountedBytes;
}
constexpr uint64_t inner_counted_bytes(size_t key_bytes) {
  return key_bytes + kInnerCountedBytes + kEntryCountedBytes;
}

// The hash of an entry's key at a level (0 is the leaves): the low half of XXH3_64, salted by
// level.
uint32_t boundary_hash(uint8_t level, BytesView key);

// Whether a node ends behind an entry that took it from s0 to s1 counted bytes.
bool is_boundary(uint32_t hash, uint64_t s0, uint64_t s1);

}  // namespace ukstore
