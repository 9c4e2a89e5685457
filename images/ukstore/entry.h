#pragma once
// What stands at a path, as text and as JSON: {"path","type","value"|"size"|"count","hash"}.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/types.h>

namespace ukstore::cli {

enum class Detail { summary, value };  // sizes and counts alone, or the value itself

// "counter", "directory", "conflict".
std::string type_of(const Value& value);
// An entry of a state, which is there.
Json entry_object(const State& state, const Bytes& path, const Value& value, Detail detail);
// Sizes and counts, for a line: "12 bytes", "counter 5", "set of 3".
std::string summary_of(const State& state, const Bytes& path, const Value& value);

// The terms of a conflict in order, each value once, as `get` prints them and `resolve --term`
// counts them from 1.  Entries below a value are one more term, the last.
struct ShownTerm {
  std::string text;              // "bytes \"milk\"", "counter 5", "directory of 3"
  Json object = Json::object();  // {"type","value"|"size"|"count","hash"}
};
std::vector<ShownTerm> terms_of(const State& state, const Bytes& path, const Value& value);
// {"path","terms":[...]}
Json conflict_object(const State& state, const Bytes& path, const Value& value);

// Throws not_found if nothing is there, with the nearest name in the same directory.
Value value_at(const State& state, const Bytes& path);
// The user's path without a slash at its ends.  Throws a Failure if there is no such path.
Bytes path_of(const std::string& text);
// The same for "where": no text or "/" is the top.
Bytes directory_of(const std::optional<std::string>& text);

}  // namespace ukstore::cli
