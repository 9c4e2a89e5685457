#pragma once
// The kinds of live entries.  A kind fixes the rules by which its value merges, for ever: other
// rules are another kind.  The numbers are part of the format (docs/format-merge.md, "Kinds").

#include <cstdint>
#include <string>

namespace ukstore {

enum class Kind : uint8_t {
  // Valued: bytes that merge as a whole.
  file = 1,
  executable = 2,
  symlink = 3,
  gitlink = 4,
  // Typed: the value has dots of its own, in a tree under the entry.
  map = 16,
  counter = 17,
  last_writer = 18,
  multi_value = 19,
  flag = 20,
  set = 21,
  log = 22,
  // From here to `user_max`: types of the program's own (type_registry.h).
  user_min = 128,
  user_max = 254,
};

// Stored as the kind of an entry that has live entries of several kinds.
constexpr uint8_t kMixedKinds = 255;

constexpr bool is_valued(Kind kind) { return kind >= Kind::file && kind <= Kind::gitlink; }
constexpr bool is_user(Kind kind) { return kind >= Kind::user_min && kind <= Kind::user_max; }
constexpr bool is_typed(Kind kind) { return kind >= Kind::map && kind <= Kind::user_max; }

// "file", "counter", "type 128", ...
std::string name(Kind kind);

}  // namespace ukstore
