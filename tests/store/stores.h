#pragma once
// A store on each backend, with short words for what tests do all the time.

#include <ukstore/store/history.h>
#include <ukstore/store/store.h>

#include "backends.h"

namespace ukstore::tests {

class StoreUnderTest {
 public:
  explicit StoreUnderTest(BackendKind kind, StoreOptions options = {});

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  // Closes the store and opens it again on the same medium.  In memory the store just goes on.
  void reopen(StoreOptions options = {});

  // Commits `edit` of a branch's tree; its head is the one parent.  Failures fail the test.
  using EditTree = std::function<Result<Tree>(const Tree&)>;
  Head commit(BytesView branch, const EditTree& edit, BytesView message = "");
  Head set(BytesView branch, BytesView path, BytesView value);
  // A commit of an unrelated tree with these parents, as a new head of `branch`.
  Head commit_on(BytesView branch, std::vector<ObjectRef> parents, BytesView mark = "");
  std::optional<Bytes> get(BytesView branch, BytesView path);
  Head head(BytesView branch);

 private:
  BackendKind kind_;
  std::optional<LmdbPlace> place_;
  std::unique_ptr<Store> store_;
};

// The value of a result that must be there.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
template <class T>
Error::Kind failure(const Result<T>& result) {
  if (result) throw std::runtime_error("this should have failed");
  return result.error().kind;
}

// A body that sets a branch's head whatever it was.
TransactionBody set_branch(Bytes name, std::optional<Head> next);

class OnEveryStore : public testing::TestWithParam<BackendKind> {
 protected:
  StoreUnderTest store{GetParam()};
};

}  // namespace ukstore::tests
