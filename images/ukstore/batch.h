#pragma once
// Many writes as one: JSON Lines from standard input.

#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/operations.h>

namespace ukstore::cli {

class Batch {
 public:
  // Reads all of standard input, to its end, before anything is written.  Throws a Failure that
  // names the line if one cannot be understood.
  static Batch read(Context& context);
  size_t size() const { return items_.size(); }
  // Throws a Failure that names the line if one does not fit what is there.
  void apply(Tx& tx) const;

 private:
  struct Item {
    size_t line = 0;
    Bytes path;
    const ValueType* type = nullptr;  // of an operation, or of a value with a type
    bool is_operation = false;
    std::optional<Bytes> value{};  // set: to be read as the type says
    Write write;                   // rm and operations
  };
  static Item item_of(const Json& object);
  void apply(Tx& tx, TypeGuard& guard, const Item& item) const;
  std::vector<Item> items_;
};

}  // namespace ukstore::cli
