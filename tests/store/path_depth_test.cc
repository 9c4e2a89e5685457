// The longest path that the limits allow, on a stack as small as a thread may have.

#include <ukstore/store/diff.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/store.h>

#include <gtest/gtest.h>

#include <pthread.h>

#include <algorithm>

#include "stores.h"

namespace ukstore::tests {
namespace {

// Frames under a sanitizer are several times as large.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStackBytes = 8 << 20;
#else
constexpr size_t kStackBytes = 2 << 20;
#endif

void on_small_stack(std::function<void()> work) {
  pthread_attr_t how;
  pthread_attr_init(&how);
  ASSERT_EQ(pthread_attr_setstacksize(&how, kStackBytes), 0);
  pthread_t thread;
  auto run = [](void* given) -> void* {
    (*static_cast<std::function<void()>*>(given))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &how, run, &work), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&how);
}

TEST(PathDepth, TheLongestPathIsSetReadComparedCommittedAndRemovedOnASmallStack) {
  Bytes path = "s";
  while (path.size() + 2 <= kPathBytesMax) path += "/s";
  ASSERT_EQ(std::ranges::count(path, '/') + 1, 2048);
  on_small_stack([&] {
    auto store = must(Store::open(make_memory_backend()));
    const Tree empty(store->objects());
    const Tree one = must(empty.set(path, "deep"));
    EXPECT_EQ(must(one.get(path)), "deep");
    const Tree two = must(one.set(path, "deeper"));
    EXPECT_NE(one.hash(), two.hash());
    EXPECT_EQ(must(two.set(path, "deep")).hash(), one.hash());
    // Halfway down, beside the long one.
    const Tree three = must(two.set(path.substr(0, 1999) + "/t", "beside"));
    EXPECT_EQ(must(three.get(path)), "deeper");
    must(store->transact([&](Transaction& transaction) -> Result<void> {
      const auto made = must(transaction.make_commit({.tree = three}));
      return transaction.compare_and_set(RefKind::branch, "main", {}, Head{made.ref});
    }));
    const Tree stored = must(store->branch_tree("main"));
    EXPECT_EQ(must(must(stored.remove(path)).get(path.substr(0, 1999) + "/t")), "beside");
    EXPECT_TRUE(must(one.remove(path)).empty());
  });
}

}  // namespace
}  // namespace ukstore::tests
