#pragma once
// Stores for tests: in memory, with replica ids that a seed gives.

#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/ukstore.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/sync/intake.h>
#include <ukstore/sync/outflow.h>

#include <gtest/gtest.h>

#include <random>

namespace ukstore::tests {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
inline void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

inline std::unique_ptr<Repo> memory_repo(uint8_t seed, TypeRegistry types = {}) {
  RepoOptions options;
  options.types = std::move(types);
  options.new_replica_id = [seed, n = uint8_t{0}]() mutable {
    ReplicaId id;
    id.bytes[0] = seed;
    id.bytes[1] = n++;
    return id;
  };
  options.incarnation = "test";
  return must(Repo::open(make_memory_backend(), std::move(options)));
}

inline Hash head_of(Repo& repo, BytesView branch = "main") {
  return must(repo.branch(branch).head()).value().hash;
}

}  // namespace ukstore::tests
