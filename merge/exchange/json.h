#pragma once
// JSON (RFC 8259) in and out of a branch.
//
// In: an object becomes a directory, every other value, and `{}`, the bytes of its canonical text:
// keys in the order of their bytes, no spaces, numbers in their shortest form (whole numbers beyond
// 64 bits, and others, as the nearest double), strings escaped no more than they must be.  A key
// becomes a step as a map's keys do (merge/types/map.h).
//
// Out: a directory becomes an object; bytes that hold canonical JSON are that value, other bytes a
// string, or {"base64": ...} if they are no UTF-8; a counter is a number, a flag true or false, a
// register a string or null, sets, logs and multi-value registers arrays of strings.  What is read
// in comes out equal.

#include <ukstore/merge/exchange/value_import.h>

namespace ukstore {

struct JsonImportOptions {
  // An array of objects that all have this field, as different strings or whole numbers, becomes a
  // directory of them under those names.  Empty: arrays stay values.
  Bytes key_field{};
  CommitInfo info{};
  ProgressCallback progress{};
};

// Sets what the text holds, as one commit on the branch; what else is there stays.  `invalid` for a
// text that is no JSON, whose top is no object, that is nested deeper than 500, or that has a key
// that cannot be a step.
Result<ValueImportReport> import_json(Store& store, BytesView branch, ByteSource& source,
                                      const JsonImportOptions& options = {});

// The state as one object, with its end of line.  If it holds conflicts, their paths come back and
// nothing is written.
Result<std::vector<Bytes>> export_json(const State& state, ByteSink& sink);

}  // namespace ukstore
