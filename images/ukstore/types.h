#pragma once
// The types of values as the command line names, prints and reads them.

#include <ukstore/images/ukstore/json.h>
#include <ukstore/merge/state.h>
#include <ukstore/merge/tx.h>

#include <functional>

namespace ukstore::cli {

// What is to be written, in a transaction.
using Write = std::function<void(Tx&)>;

struct ValueType {
  std::string_view name;
  Kind kind;
  std::string_view summary;
  // The value as lines of bytes, as `get` prints it; for bytes the one value.
  std::vector<Bytes> (*lines)(const State& state, BytesView path);
  // The value in JSON, put as "value" (or "value_base64") into an entry.
  void (*put_value)(Json& entry, const State& state, BytesView path);
  // Writes the value that a text means.  Throws a Failure if it means none; null if the type has
  // no value that could be written as a whole.
  Write (*set)(const Bytes& path, const Bytes& text);
  // Writes the value that a state holds at one path anew at another.  Null for what merges as a
  // whole: its payload says all.
  void (*copy)(Tx& tx, const State& state, const Bytes& from, const Bytes& to);
};

const std::vector<ValueType>& value_types();
// Null for a kind that is none of them.
const ValueType* find_type(Kind kind);
// Throws a Failure with the nearest names if there is no such type.
const ValueType& type_named(const std::string& name);
// "bytes", "counter", ...; "type 200" for a program's own.
std::string type_name(Kind kind);

}  // namespace ukstore::cli
