#pragma once
// A repository in memory whose replica ids are seeded.

#include <ukstore/merge/repo.h>
#include <ukstore/merge/session.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>

#include <gtest/gtest.h>

#include <memory>

namespace ukstore::tests {

template <class T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << name(result.error().kind) << ": " << result.error().message;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline NewReplicaId seeded_ids(uint8_t seed) {
  return [seed, next = uint8_t{0}]() mutable {
    ReplicaId id;
    id.bytes[0] = ++next;
    id.bytes[1] = seed;
    return id;
  };
}

inline std::unique_ptr<Repo> memory_repo(RepoOptions options = {}, uint8_t seed = 1) {
  options.new_replica_id = seeded_ids(seed);
  return ok(Repo::open(make_memory_backend(), std::move(options)));
}

class WithRepo : public testing::Test {
 protected:
  Branch branch(BytesView name) { return repo->branch(name); }
  Commit commit_of(const ObjectRef& ref) { return ok(repo->store().commit(ref)).commit; }
  ObjectRef head(const Branch& branch) { return *ok(branch.head()); }
  std::optional<Bytes> get(const Branch& branch, BytesView path) { return ok(branch.get(path)); }

  std::unique_ptr<Repo> repo = memory_repo();
};

}  // namespace ukstore::tests
