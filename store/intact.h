#pragma once
// What is whole in a damaged store.

#include <ukstore/store/object_store.h>

#include <unordered_map>
#include <unordered_set>

namespace ukstore {

class Intact {
 public:
  // `damaged` are objects that load but are not what their name says.
  Intact(const ObjectStore& objects, const std::unordered_set<Hash>& damaged)
      : objects_(objects), damaged_(damaged) {}

  // Whether an object and all that it reaches are there and good.
  bool is_whole(const Hash& hash);
  // The newest whole commit at or below this one; nullopt if there is none.
  std::optional<ObjectRef> newest_whole(const Hash& commit);

 private:
  std::optional<ObjectView> good(const Hash& hash) const;

  const ObjectStore& objects_;
  const std::unordered_set<Hash>& damaged_;
  std::unordered_map<Hash, bool> known_;
};

}  // namespace ukstore
