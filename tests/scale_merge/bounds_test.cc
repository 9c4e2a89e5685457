// What operations cost, counted in nodes read and written: at most c x changes x log n, and nothing
// that grows with n itself.
#include <ukstore/merge/repo.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/diff.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/scale_merge/speed.h>

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

namespace ukstore::tests {
namespace {

template <class T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A type at scale: how to put element i, and how to change it.
struct Scaled {
  std::string name;
  std::function<void(Tx&, size_t)> fill;
  std::function<void(Tx&, size_t)> change;
  bool grows = true;  // whether n elements take n entries
};

Bytes key(size_t i) {
  Bytes digits = std::to_string(i * 2'654'435'761u % 1'000'000'007u);
  return "key" + digits;
}

std::vector<Scaled> scaled_types() {
  return {
      {"directory", [](Tx& tx, size_t i) { tx.set("d/" + key(i), "v"); },
       [](Tx& tx, size_t i) { tx.set("d/" + key(i), "changed"); }},
      {"set", [](Tx& tx, size_t i) { tx.at<Set<>>("s").insert(key(i)); },
       [](Tx& tx, size_t i) {
         if (i % 2) {
           tx.at<Set<>>("s").erase(key(i));
         } else {
           tx.at<Set<>>("s").insert("new " + key(i));
         }
       }},
      {"log", [](Tx& tx, size_t i) { tx.at<AppendLog<>>("l").append(key(i)); },
       [](Tx& tx, size_t i) { tx.at<AppendLog<>>("l").append("new " + key(i)); }},
      {"map of counters", [](Tx& tx, size_t i) { tx.at<Map<Counter>>("m").at(key(i)).add(1); },
       [](Tx& tx, size_t i) { tx.at<Map<Counter>>("m").at(key(i)).add(5); }},
      {"map of sets", [](Tx& tx, size_t i) { tx.at<Map<Set<>>>("m").at(key(i)).insert("a"); },
       [](Tx& tx, size_t i) { tx.at<Map<Set<>>>("m").at(key(i)).insert("b"); }},
      {"counter", [](Tx& tx, size_t) { tx.at<Counter>("c").add(1); },
       [](Tx& tx, size_t) { tx.at<Counter>("c").add(1); }, false},
      {"flag", [](Tx& tx, size_t) { tx.at<Flag>("f").enable(); },
       [](Tx& tx, size_t i) {
         if (i % 2) {
           tx.at<Flag>("f").disable();
         } else {
           tx.at<Flag>("f").enable();
         }
       },
       false},
      {"last-writer register", [](Tx& tx, size_t i) { tx.at<LastWriter<>>("r").write(key(i)); },
       [](Tx& tx, size_t i) { tx.at<LastWriter<>>("r").write(key(i)); }, false},
      {"map of registers",
       [](Tx& tx, size_t i) { tx.at<Map<LastWriter<>>>("m").at(key(i)).write("v"); },
       [](Tx& tx, size_t i) { tx.at<Map<LastWriter<>>>("m").at(key(i)).write("w"); }},
      {"map of flags", [](Tx& tx, size_t i) { tx.at<Map<Flag>>("m").at(key(i)).enable(); },
       [](Tx& tx, size_t i) { tx.at<Map<Flag>>("m").at(key(i)).disable(); }},
      {"map of logs", [](Tx& tx, size_t i) { tx.at<Map<AppendLog<>>>("m").at(key(i)).append("v"); },
       [](Tx& tx, size_t i) { tx.at<Map<AppendLog<>>>("m").at(key(i)).append("w"); }},
      {"multi-value register", [](Tx& tx, size_t i) { tx.at<MultiValue<>>("r").write(key(i)); },
       [](Tx& tx, size_t i) { tx.at<MultiValue<>>("r").write(key(i)); }, false},
  };
}

struct Cost {
  uint64_t read, written;
};

class Bounds : public testing::TestWithParam<size_t> {
 protected:
  template <class F>
  Cost cost_of(Repo& repo, F&& work) {
    ObjectCounts before = repo.store().objects().counts();
    work();
    ObjectCounts after = repo.store().objects().counts();
    return {after.loads - before.loads, after.written - before.written};
  }
};

TEST_P(Bounds, OfUpdateDiffAndMergeGrowWithTheChangesAndNotWithTheSize) {
  constexpr size_t kChanges = 10;
  for (const Scaled& type : scaled_types()) {
    size_t n = type.grows ? GetParam() : std::min<size_t>(GetParam(), 1000);
    auto repo = ok(Repo::open(make_memory_backend()));
    Branch a = repo->branch("a");
    ok(a.transact([&](Tx& tx) {
      for (size_t i = 0; i < n; ++i) type.fill(tx, i);
    }));
    Branch b = ok(a.fork("b"));
    auto change = [&](size_t from) {
      return [&type, from, n](Tx& tx) {
        for (size_t i = 0; i < kChanges; ++i) type.change(tx, (from + i * 97) % n);
      };
    };
    double log_n = std::log2(static_cast<double>(n)), limit = kChanges * (log_n + 4);
    State before = ok(a.state());
    Cost update = cost_of(*repo, [&] { ok(a.transact(change(1))); });
    ok(b.transact(change(n / 2)));
    State after = ok(a.state());
    uint64_t differences = 0;
    Cost diffs = cost_of(*repo, [&] {
      ok(diff_paths(before.tree(), after.tree(), [&](BytesView, const auto&, const auto&) {
        ++differences;
        return Flow::go_on;
      }));
    });
    Cost merge = cost_of(*repo, [&] { ok(a.merge(b)); });
    std::cout << "  " << type.name << " of " << n << ": update " << update.read << " read "
              << update.written << " written, diff " << diffs.read << " read, merge " << merge.read
              << " read " << merge.written << " written\n";
    EXPECT_GT(differences, 0u);
    EXPECT_LE(update.read, 3 * limit) << type.name;
    EXPECT_LE(update.written, limit) << type.name;
    EXPECT_LE(diffs.read, 2 * limit) << type.name;
    EXPECT_LE(merge.read, 6 * limit) << type.name;
    EXPECT_LE(merge.written, 2 * limit) << type.name;
  }
}

TEST_P(Bounds, OfMergingEqualSubtreesAreNothing) {  // property 25
  size_t n = GetParam();
  auto repo = ok(Repo::open(make_memory_backend()));
  Branch a = repo->branch("a");
  ok(a.transact([&](Tx& tx) {
    for (size_t i = 0; i < n; ++i) tx.set("big/" + key(i), "v");
  }));
  Branch b = ok(a.fork("b"));
  ok(a.set("x", "1"));
  ok(b.set("y", "1"));
  Cost merge = cost_of(*repo, [&] { ok(a.merge(b)); });
  EXPECT_LE(merge.read, 60u);
}

std::vector<size_t> sizes() {
  if (kIsSlow) return {1'000};
  if (count(0, 1) == 1) return {1'000, 10'000, 100'000, 1'000'000};
  return {1'000, 10'000, 100'000};
}
INSTANTIATE_TEST_SUITE_P(Sizes, Bounds, testing::ValuesIn(sizes()));

}  // namespace
}  // namespace ukstore::tests
