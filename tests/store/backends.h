#pragma once
// Every backend, for suites that run on each of them.

#include <gtest/gtest.h>
#include <ukstore/store/memory_backend.h>

#include <string>

#include "lmdb_place.h"

namespace ukstore::tests {

enum class BackendKind { memory, lmdb };
std::string name(BackendKind kind);

// A store on a medium, and how to close and open it again.
class BackendUnderTest {
 public:
  explicit BackendUnderTest(BackendKind kind);
  Backend& operator*() { return *backend_; }
  Backend* operator->() { return backend_.get(); }
  // Whether `reopen` forgets what is not on the medium.  In memory it does nothing.
  void reopen();

 private:
  BackendKind kind_;
  std::optional<LmdbPlace> place_;
  std::unique_ptr<Backend> backend_;
};

// class Suite : public OnEveryBackend {};  INSTANTIATE_TEST_SUITE_P(Each, Suite, each_backend,
// backend_name);
class OnEveryBackend : public testing::TestWithParam<BackendKind> {
 protected:
  BackendUnderTest backend{GetParam()};
};

inline const auto each_backend = testing::Values(BackendKind::memory, BackendKind::lmdb);
inline std::string backend_name(const testing::TestParamInfo<BackendKind>& info) {
  return name(info.param);
}

}  // namespace ukstore::tests
