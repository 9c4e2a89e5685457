#pragma once
// What an export shows at a path: the bytes of a file, or of a typed value as text.

#include <ukstore/merge/exchange/byte_stream.h>
#include <ukstore/merge/state.h>

namespace ukstore {

// What stands at a path, as something with one content.
struct Shown {
  Kind kind = Kind::file;         // of a typed value: file
  std::optional<Payload> stored;  // the content as it lies in the store
  Bytes text{};                   // else: the content
  bool is_conflict = false;       // then the text lists the terms

  bool operator==(const Shown&) const = default;
};

// nullopt if nothing is live there but maps, or if files below it keep it from being one.
//   counter        its number
//   flag           "true" or "false"
//   registers, set, log   one value a line, the set's in their order
//   types of a program's own   the encoded state
//   conflict       its terms, one a line as `ukstore get` has them
Result<std::optional<Shown>> shown_at(const State& state, BytesView path);

// The content piece by piece, and its size.
uint64_t size_of(const Shown& shown);
Result<void> write_content(const ObjectStore& objects, const Shown& shown, ByteSink& to);

}  // namespace ukstore
