#pragma once
// The small words of fast-import streams: numbers, modes, quoted paths.

#include <ukstore/store/bytes.h>

#include <optional>

namespace ukstore::fast_import {

inline bool take_prefix(BytesView& from, BytesView prefix) {
  if (!from.starts_with(prefix)) return false;
  from.remove_prefix(prefix.size());
  return true;
}

// All of the text as a number; nullopt if it is none.
std::optional<uint64_t> number(BytesView text, int base = 10);

// A mode that git's fast-import takes, as git writes it: 0644 is 0100644.
std::optional<uint32_t> file_mode(BytesView text);

// The length of a C-style quoted text, with both quotes, at the front of `text`, and what it stands
// for, put into `unquoted`; nullopt if it does not end or holds an unknown escape.
std::optional<size_t> unquote(BytesView text, Bytes& unquoted);

}  // namespace ukstore::fast_import
