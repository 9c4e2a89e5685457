#include "backends.h"

#include <ukstore/store/object.h>
#include <ukstore/store/records.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

namespace ukstore {
namespace {

using tests::OnEveryBackend;

class BackendTest : public OnEveryBackend {
 protected:
  std::unique_ptr<Write> write() {
    auto made = backend->write();
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  std::unique_ptr<Snapshot> snapshot() { return backend->snapshot().value(); }

  static void commit(Write& write) {
    auto ok = write.commit(Durability::durable);
    ASSERT_TRUE(ok) << ok.error().message;
  }
  void put(BytesView key, BytesView value) {
    auto w = write();
    ASSERT_TRUE(w->put(key, value));
    commit(*w);
  }
  static std::optional<Bytes> get(const Snapshot& from, BytesView key) {
    auto value = from.get(key).value();
    return value ? std::optional(Bytes(*value)) : std::nullopt;
  }
  static uint64_t append(Write& write, size_t bytes, char fill) {
    auto room = write.append_segment(bytes);
    EXPECT_TRUE(room) << room.error().message;
    std::memset(room->bytes.data(), fill, bytes);
    return room->segment;
  }
  static std::vector<Bytes> keys(const Snapshot& from, BytesView prefix, BytesView start,
                                 Direction direction) {
    std::vector<Bytes> found;
    auto ok = from.scan(prefix, start, direction, [&](BytesView key, BytesView) {
      found.emplace_back(key);
      return Flow::go_on;
    });
    EXPECT_TRUE(ok);
    return found;
  }
};
INSTANTIATE_TEST_SUITE_P(Each, BackendTest, tests::each_backend, tests::backend_name);

TEST_P(BackendTest, AnEmptyOneHasNothing) {
  auto s = snapshot();
  EXPECT_EQ(get(*s, "hmain"), std::nullopt);
  EXPECT_EQ(s->last_segment(), 0u);
  EXPECT_EQ(backend->segment(1).value(), std::nullopt);
  EXPECT_TRUE(keys(*s, "h", "", Direction::forward).empty());
  EXPECT_TRUE(keys(*s, "h", "", Direction::backward).empty());
}

TEST_P(BackendTest, CommittedRecordsAndSegmentsAreThereAfterReopening) {
  {
    auto w = write();
    ASSERT_TRUE(w->put("hmain", "one"));
    EXPECT_EQ(append(*w, 5000, 'x'), 1u);
    commit(*w);
  }
  backend.reopen();
  EXPECT_EQ(get(*snapshot(), "hmain"), "one");
  EXPECT_EQ(snapshot()->last_segment(), 1u);
  auto bytes = backend->segment(1).value();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->substr(0, 5000), Bytes(5000, 'x'));
}

TEST_P(BackendTest, ADroppedWriteLeavesNothingAndItsNumbersAreUsedAgain) {
  {
    auto w = write();
    ASSERT_TRUE(w->put("hmain", "one"));
    EXPECT_EQ(append(*w, 100, 'x'), 1u);
  }
  EXPECT_EQ(get(*snapshot(), "hmain"), std::nullopt);
  EXPECT_EQ(backend->segment(1).value(), std::nullopt);
  auto w = write();
  EXPECT_EQ(append(*w, 100, 'y'), 1u);
  commit(*w);
  EXPECT_EQ(backend->segment(1).value()->substr(0, 100), Bytes(100, 'y'));
}

TEST_P(BackendTest, AWriteSeesItsOwnChangesAndNobodyElseDoes) {
  put("ha", "old");
  auto w = write();
  ASSERT_TRUE(w->put("ha", "new"));
  ASSERT_TRUE(w->put("hb", "b"));
  EXPECT_EQ(get(*w, "ha"), "new");
  EXPECT_EQ(keys(*w, "h", "", Direction::forward), (std::vector<Bytes>{"ha", "hb"}));
  EXPECT_EQ(append(*w, 100, 'x'), 1u);
  EXPECT_EQ(w->last_segment(), 1u);
  EXPECT_EQ(get(*snapshot(), "ha"), "old");
  EXPECT_EQ(snapshot()->last_segment(), 0u);
  EXPECT_EQ(backend->segment(1).value(), std::nullopt);
}

TEST_P(BackendTest, ASnapshotStaysAsItWas) {
  put("ha", "old");
  auto before = snapshot();
  auto view = before->get("ha").value();
  {
    auto w = write();
    ASSERT_TRUE(w->put("ha", "new"));
    ASSERT_TRUE(w->put("hb", "b"));
    append(*w, 100, 'x');
    commit(*w);
  }
  for (int i = 0; i < 20; ++i) put("ha", "newer" + std::to_string(i));
  EXPECT_EQ(get(*before, "ha"), "old");
  EXPECT_EQ(*view, "old");
  EXPECT_EQ(get(*before, "hb"), std::nullopt);
  EXPECT_EQ(before->last_segment(), 0u);
  EXPECT_EQ(get(*snapshot(), "ha"), "newer19");
  EXPECT_EQ(snapshot()->last_segment(), 1u);
}

TEST_P(BackendTest, AnErasedRecordIsGone) {
  put("ha", "a");
  auto w = write();
  ASSERT_TRUE(w->erase("ha"));
  ASSERT_TRUE(w->erase("habsent"));
  EXPECT_EQ(get(*w, "ha"), std::nullopt);
  commit(*w);
  EXPECT_EQ(get(*snapshot(), "ha"), std::nullopt);
  EXPECT_TRUE(keys(*snapshot(), "h", "", Direction::forward).empty());
}

TEST_P(BackendTest, ValuesFromNothingToTheirLimitComeBackWhole) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{2000}, size_t{5000}, kRecordValueBytesMax}) {
    Bytes value(size, 'v');
    put("pbig", value);
    EXPECT_EQ(get(*snapshot(), "pbig"), value);
  }
}

TEST_P(BackendTest, RecordsBeyondTheLimitsAreRefused) {
  auto w = write();
  EXPECT_EQ(w->put("", "x").error().kind, Error::Kind::invalid);
  EXPECT_EQ(w->put(Bytes(257, 'k'), "x").error().kind, Error::Kind::invalid);
  EXPECT_EQ(w->put("p", Bytes(kRecordValueBytesMax + 1, 'x')).error().kind, Error::Kind::invalid);
  EXPECT_TRUE(w->put(Bytes(256, 'k'), "x"));
  EXPECT_EQ(w->append_segment(0).error().kind, Error::Kind::invalid);
  EXPECT_EQ(w->append_segment(Address::kSegmentBytesMax + 1).error().kind, Error::Kind::invalid);
}

TEST_P(BackendTest, SegmentsAreNumberedFromOneAlignedAndNeverMove) {
  std::map<uint64_t, BytesView> views;
  std::mt19937_64 random(1);
  for (int i = 0; i < 30; ++i) {
    auto w = write();
    size_t bytes = i == 7 ? Address::kSegmentBytesMax : 1 + random() % 9000;
    uint64_t number = append(*w, bytes, static_cast<char>('a' + i % 26));
    EXPECT_EQ(number, static_cast<uint64_t>(i) + 1);
    ASSERT_TRUE(w->put(record_key('j', big_endian(number)), Bytes(random() % 3000, 'j')));
    commit(*w);
    auto view = backend->segment(number).value();
    ASSERT_TRUE(view);
    ASSERT_GE(view->size(), bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view->data()) % 8, 0u);
    views[number] = view->substr(0, bytes);
  }
  for (auto& [number, view] : views) {
    EXPECT_EQ(view, Bytes(view.size(), static_cast<char>('a' + (number - 1) % 26)));
    EXPECT_EQ(backend->segment(number).value()->data(), view.data());
  }
}

TEST_P(BackendTest, SeveralSegmentsOfOneWriteFollowEachOther) {
  auto w = write();
  for (uint64_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(append(*w, 3000, static_cast<char>('a' + i)), i);
    EXPECT_EQ(w->last_segment(), i);
  }
  commit(*w);
  for (uint64_t i = 1; i <= 5; ++i) {
    EXPECT_EQ(backend->segment(i).value()->substr(0, 3000),
              Bytes(3000, static_cast<char>('a' + i)));
  }
}

TEST_P(BackendTest, TheNumberOfAnErasedSegmentIsNotUsedAgain) {
  for (int i = 0; i < 3; ++i) {
    auto w = write();
    append(*w, 100, 'x');
    commit(*w);
  }
  {
    auto w = write();
    ASSERT_TRUE(w->erase_segment(2));
    ASSERT_TRUE(w->erase_segment(3));
    commit(*w);
  }
  backend.reopen();
  EXPECT_EQ(backend->segment(2).value(), std::nullopt);
  EXPECT_EQ(backend->segment(3).value(), std::nullopt);
  EXPECT_TRUE(backend->segment(1).value());
  EXPECT_EQ(snapshot()->last_segment(), 3u);
  auto w = write();
  EXPECT_EQ(append(*w, 100, 'y'), 4u);
  commit(*w);
  EXPECT_EQ(snapshot()->last_segment(), 4u);
}

TEST_P(BackendTest, ASecondWriterWaitsAndIsThenToldWhoWrites) {
  auto first = write();
  auto second = backend->write();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Error::Kind::locked);
  first.reset();
  EXPECT_TRUE(backend->write());
}

TEST_P(BackendTest, AWriterOfAnotherThreadComesNext) {
  auto first = write();
  std::thread other([&] {
    for (;;) {
      auto second = backend->write();
      if (!second) {
        EXPECT_EQ(second.error().kind, Error::Kind::locked);
        continue;
      }
      EXPECT_EQ(get(**second, "ha"), "first");
      break;
    }
  });
  ASSERT_TRUE(first->put("ha", "first"));
  commit(*first);
  first.reset();
  other.join();
}

TEST_P(BackendTest, UseAfterCommitFails) {
  auto w = write();
  commit(*w);
  EXPECT_EQ(w->put("ha", "x").error().kind, Error::Kind::closed);
  EXPECT_EQ(w->append_segment(10).error().kind, Error::Kind::closed);
  EXPECT_EQ(w->commit(Durability::durable).error().kind, Error::Kind::closed);
}

TEST_P(BackendTest, ALazyCommitIsVisibleAtOnce) {
  auto w = write();
  ASSERT_TRUE(w->put("ha", "x"));
  ASSERT_TRUE(w->commit(Durability::lazy));
  EXPECT_EQ(get(*snapshot(), "ha"), "x");
}

TEST_P(BackendTest, ScansGoBothWaysFromAnywhereAndStopWhenTold) {
  for (BytesView key : {"ga", "ha", "hc", "hc\xff", "he", "i"}) put(key, key);
  auto s = snapshot();
  using Keys = std::vector<Bytes>;
  EXPECT_EQ(keys(*s, "h", "", Direction::forward), (Keys{"ha", "hc", "hc\xff", "he"}));
  EXPECT_EQ(keys(*s, "h", "hb", Direction::forward), (Keys{"hc", "hc\xff", "he"}));
  EXPECT_EQ(keys(*s, "h", "hc", Direction::forward), (Keys{"hc", "hc\xff", "he"}));
  EXPECT_EQ(keys(*s, "h", "", Direction::backward), (Keys{"he", "hc\xff", "hc", "ha"}));
  EXPECT_EQ(keys(*s, "h", "hd", Direction::backward), (Keys{"hc\xff", "hc", "ha"}));
  EXPECT_EQ(keys(*s, "h", "hc", Direction::backward), (Keys{"hc", "ha"}));
  EXPECT_EQ(keys(*s, "h", "z", Direction::forward), Keys{});
  EXPECT_EQ(keys(*s, "h", "z", Direction::backward), (Keys{"he", "hc\xff", "hc", "ha"}));
  EXPECT_EQ(keys(*s, "h", "a", Direction::backward), Keys{});
  EXPECT_EQ(keys(*s, "", "h", Direction::forward), (Keys{"ha", "hc", "hc\xff", "he", "i"}));
  EXPECT_EQ(keys(*s, "", "hd", Direction::backward).front(), "hc\xff");
  int seen = 0;
  ASSERT_TRUE(s->scan("h", "", Direction::forward, [&](BytesView, BytesView) {
    return ++seen == 2 ? Flow::stop : Flow::go_on;
  }));
  EXPECT_EQ(seen, 2);
}

TEST_P(BackendTest, AScanOfAllSeesRecordsAndNoSegments) {
  {
    auto w = write();
    append(*w, 5000, 'x');
    commit(*w);
  }
  put("ha", "a");
  put("z", "z");
  for (Direction direction : {Direction::forward, Direction::backward}) {
    auto all = keys(*snapshot(), "", "", direction);
    std::erase(all, record_key(kFormatPrefix));
    std::ranges::sort(all);
    EXPECT_EQ(all, (std::vector<Bytes>{"ha", "z"}));
  }
}

TEST_P(BackendTest, ChangesAtRandomDoWhatTheyDoToAMap) {
  std::mt19937_64 random(42);
  std::map<Bytes, Bytes> model;
  auto key = [&] { return Bytes(1, "hjt"[random() % 3]) + std::to_string(random() % 40); };
  for (int round = 0; round < 60; ++round) {
    auto draft = model;
    auto w = write();
    for (int i = 0; i < 10; ++i) {
      Bytes k = key();
      if (random() % 3 == 0) {
        ASSERT_TRUE(w->erase(k));
        draft.erase(k);
      } else {
        Bytes value(random() % 300, static_cast<char>('a' + random() % 26));
        ASSERT_TRUE(w->put(k, value));
        draft[k] = value;
      }
      Bytes probe = key();
      EXPECT_EQ(get(*w, probe), draft.contains(probe) ? std::optional(draft[probe]) : std::nullopt);
    }
    if (random() % 3 != 0) {
      commit(*w);
      model = draft;
    }
    w.reset();
    if (round % 20 == 10) backend.reopen();
    for (BytesView prefix : {"h", "j", "t"}) {
      std::vector<Bytes> expected;
      for (auto& [k, v] : model) {
        if (k.starts_with(prefix)) expected.push_back(k);
      }
      auto s = snapshot();
      EXPECT_EQ(keys(*s, prefix, "", Direction::forward), expected);
      std::ranges::reverse(expected);
      EXPECT_EQ(keys(*s, prefix, "", Direction::backward), expected);
    }
  }
}

}  // namespace
}  // namespace ukstore
