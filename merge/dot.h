#pragma once
// Dots: the unique marks of writes, and sets of them.
//
// Every live entry, element and register value of a branch carries the dot of the write that made
// it.  A dot is (generation, replica id, number):
// 1. it is later than all dots that its commit has seen, because its generation is that of the
//    commit that mints it, one above the highest generation of a parent;
// 2. it is unique, because a replica id is a random 128-bit number and numbers under it rise;
// 3. the order is total and the same everywhere: no clock has a say.
// Bytes: docs/format-merge.md, "Dots".

#include <ukstore/store/error.h>
#include <ukstore/store/hash.h>

#include <array>
#include <compare>
#include <optional>
#include <span>
#include <vector>

namespace ukstore {

struct ReplicaId {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const ReplicaId&) const = default;
  BytesView view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

// 32 lower-case hex digits.
std::string to_hex(const ReplicaId& id);
// The id that the first 16 bytes of a hash are: for imports, whose dots follow from what they
// import.
ReplicaId replica_from_hash(const Hash& hash);

struct Dot {
  uint64_t generation = 0;
  ReplicaId replica;
  uint64_t number = 0;

  auto operator<=>(const Dot&) const = default;
};

// "5@1a2b3c4d.7", for messages.
std::string to_string(const Dot& dot);

// The bytes of a dot order as dots do and none is a prefix of another: they serve as keys.
void append_dot(Bytes& to, const Dot& dot);
Bytes encode(const Dot& dot);
// Takes a dot off the front; nullopt if the bytes are not exactly one's encoding.
std::optional<Dot> take_dot(BytesView& from);

// Numbers whose bytes order as the numbers do, in one form each.
void append_ordered(Bytes& to, uint64_t value);
std::optional<uint64_t> take_ordered(BytesView& from);

// A set of dots: rising, unique.
using Dots = std::vector<Dot>;

void append_dots(Bytes& to, std::span<const Dot> dots);
// All bytes as a set of dots; `corrupt` if they are not the encoding of one.  The empty set is no
// bytes.
Result<Dots> decode_dots(BytesView bytes);

// (base ∩ ours ∩ theirs) ∪ (ours \ base) ∪ (theirs \ base).
Dots three_way(const Dots& base, const Dots& ours, const Dots& theirs);

// The same for the encodings of sets, and `corrupt` as decode_dots.
Result<Bytes> three_way_encoded(BytesView base, BytesView ours, BytesView theirs);

// Gives out the dots of one commit.
class DotMint {
 public:
  DotMint(uint64_t generation, const ReplicaId& replica, uint64_t next_number)
      : next_{generation, replica, next_number} {}
  Dot mint() {
    Dot dot = next_;
    ++next_.number;
    return dot;
  }
  // What the next commit of this replica starts from.
  uint64_t next_number() const { return next_.number; }
  uint64_t generation() const { return next_.generation; }
  const ReplicaId& replica() const { return next_.replica; }

 private:
  Dot next_;
};

// A mint for what is imported: the dots follow from the name of what is imported, so importing
// twice mints the same.  `source` names it (a git commit's id, the hash of an archive).
DotMint import_mint(uint64_t generation, BytesView source);

}  // namespace ukstore
