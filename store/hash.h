#pragma once
// Names of objects: SHA-256 over the kind of the object (1 byte), the length of its canonical bytes
// (8 bytes) and those bytes.  The kind inside the hashed bytes keeps a blob whose content happens
// to be the bytes of a node from having the node's name.  See docs/format.md, "Names".

#include <ukstore/store/bytes.h>

#include <array>
#include <compare>
#include <optional>

namespace ukstore {

// The kinds of object.  The number is part of the format.
enum class ObjectKind : uint8_t {
  leaf = 1,    // a node of a tree that holds entries
  inner = 2,   // a node of a tree that holds nodes
  blob = 3,    // a payload, or a chunk of one, of at most 64 KiB
  rope = 4,    // a node that lists the chunks of a long payload
  commit = 5,  // a state of a branch and where it came from
  tag = 6,     // a named, annotated object
};

struct Hash {
  std::array<uint8_t, 32> bytes{};

  bool operator==(const Hash&) const = default;
  // By bytes.  The first eight nearly always decide, and no call is made for them.
  std::strong_ordering operator<=>(const Hash& other) const {
    const uint64_t a = __builtin_bswap64(prefix()), b = __builtin_bswap64(other.prefix());
    if (a != b) return a <=> b;
    return std::memcmp(bytes.data(), other.bytes.data(), bytes.size()) <=> 0;
  }
  BytesView view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  // The first eight bytes as a number: hashes are uniform, so it serves hash tables and searches.
  uint64_t prefix() const { return load_le<uint64_t>(reinterpret_cast<const char*>(bytes.data())); }

  // The hash that stands at `from`, which must hold 32 bytes.
  static Hash load(const char* from) {
    Hash hash;
    std::memcpy(hash.bytes.data(), from, 32);
    return hash;
  }
};

// 64 lower-case hex digits, and back.  nullopt if `text` is not exactly that.
std::string to_hex(const Hash& hash);
std::optional<Hash> hash_from_hex(std::string_view text);

// The name of the object of this kind with these canonical bytes.
Hash hash_object(ObjectKind kind, BytesView canonical);

}  // namespace ukstore

template <>
struct std::hash<ukstore::Hash> {
  size_t operator()(const ukstore::Hash& hash) const noexcept { return hash.prefix(); }
};
