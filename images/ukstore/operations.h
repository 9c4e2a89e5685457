#pragma once
// The operations of typed values, as `op` and `batch` name them: they keep their meaning in merges.

#include <ukstore/images/ukstore/types.h>

#include <map>

namespace ukstore::cli {

struct Operation {
  std::string_view type;
  std::string_view verb;
  std::string_view usage;  // of what goes behind the verb, as in command.h
  std::string_view summary;
  // Throws a Failure if the words make no sense.
  Write (*make)(const Bytes& path, const std::vector<Bytes>& words);
};

const std::vector<Operation>& operations();
// Throws a Failure, with the nearest names, if there is no such type, verb or number of words.
Write make_operation(const std::string& type, const Bytes& path, const std::string& verb,
                     const std::vector<Bytes>& words);

// Throws a Failure within the transaction if something other than this type is live at the path.
// What a transaction has written before is seen; `before` is the state that it began with.
class TypeGuard {
 public:
  explicit TypeGuard(State before) : before_(std::move(before)) {}
  void demand(Tx& tx, const Bytes& path, const ValueType& type);
  // What the path holds now: its type, or null if it is nothing, a directory or a conflict.
  const ValueType* type_at(Tx& tx, const Bytes& path);
  // What a write has left there: a type, or null for nothing.
  void wrote(const Bytes& path, const ValueType* type) { written_[path] = type; }

 private:
  std::optional<Value> value_before(const Bytes& path) const;
  bool was_written_above(const Bytes& path) const;
  State before_;
  std::map<Bytes, const ValueType*> written_{};
};

}  // namespace ukstore::cli
