#include "stores.h"

#include <ukstore/store/journal.h>

#include <algorithm>
#include <map>
#include <random>

namespace ukstore::tests {
namespace {

class JournalTest : public testing::TestWithParam<std::tuple<BackendKind, Durability>> {
 protected:
  StoreUnderTest store{std::get<0>(GetParam()), {.durability = std::get<1>(GetParam())}};
  std::vector<JournalEntry> journal(uint64_t from = 0, size_t limit = 1000,
                                    Direction direction = Direction::forward) {
    return must(store->journal(from, limit, direction));
  }
  std::optional<Head> head(BytesView branch) { return must(store->head(RefKind::branch, branch)); }
};
INSTANTIATE_TEST_SUITE_P(Each, JournalTest,
                         testing::Combine(each_backend,
                                          testing::Values(Durability::durable, Durability::lazy)),
                         [](const auto& info) {
                           return name(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) == Durability::lazy ? "_lazy"
                                                                               : "_durable");
                         });

TEST_P(JournalTest, HoldsEveryChangeOfARefInOrderWithItsNote) {
  Head first = store.set("main", "a", "1");
  must(store->transact(set_branch("copy", first), {.note = "branch copy", .when_ms = -3}));
  Head second = store.set("main", "a", "2");
  auto entries = journal();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].changes, (std::vector<RefChange>{{RefKind::branch, "main", {}, first}}));
  EXPECT_EQ(entries[1].note, "branch copy");
  EXPECT_EQ(entries[1].when_ms, -3);
  EXPECT_EQ(entries[2].changes, (std::vector<RefChange>{{RefKind::branch, "main", first, second}}));
  EXPECT_EQ(entries[2].sequence, 3u);
  store.reopen();
  EXPECT_EQ(journal(), entries);
}

TEST_P(JournalTest, IsReadFromAnywhereInBothDirections) {
  for (int i = 0; i < 5; ++i) store.set("main", "a", std::to_string(i));
  auto sequences = [&](uint64_t from, size_t limit, Direction direction) {
    std::vector<uint64_t> found;
    for (const JournalEntry& entry : journal(from, limit, direction))
      found.push_back(entry.sequence);
    return found;
  };
  using Numbers = std::vector<uint64_t>;
  EXPECT_EQ(sequences(2, 3, Direction::forward), (Numbers{2, 3, 4}));
  EXPECT_EQ(sequences(0, 2, Direction::backward), (Numbers{5, 4}));
  EXPECT_EQ(sequences(3, 9, Direction::backward), (Numbers{3, 2, 1}));
  EXPECT_EQ(sequences(6, 9, Direction::forward), Numbers{});
  must(store->flush());
  store.set("main", "a", "x");
  EXPECT_EQ(sequences(4, 9, Direction::forward), (Numbers{4, 5, 6}));
  EXPECT_EQ(sequences(6, 4, Direction::backward), (Numbers{6, 5, 4, 3}));
}

TEST_P(JournalTest, HasNoEntryForWhatChangesNothing) {
  Head head = store.set("main", "a", "1");
  must(store->transact(set_branch("main", head)));
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    auto away = transaction.compare_and_set(RefKind::branch, "main", head, {});
    if (!away) return away;
    return transaction.compare_and_set(RefKind::branch, "main", {}, head);
  }));
  EXPECT_EQ(must(store->last_sequence()), 1u);
}

TEST_P(JournalTest, OneTransactionIsOneEntryWithTheFirstBeforeAndTheLastAfter) {
  Head a = store.set("a", "x", "1"), b = store.set("b", "x", "2");
  must(store->transact([&](Transaction& transaction) -> Result<void> {
    if (auto ok = transaction.compare_and_set(RefKind::branch, "a", a, {}); !ok) return ok;
    if (auto ok = transaction.compare_and_set(RefKind::branch, "b", b, a); !ok) return ok;
    return transaction.compare_and_set(RefKind::branch, "a", {}, b);
  }));
  EXPECT_EQ(journal().back().changes,
            (std::vector<RefChange>{{RefKind::branch, "a", a, b}, {RefKind::branch, "b", b, a}}));
  must(store->undo());
  EXPECT_EQ(store.head("a"), a);
  EXPECT_EQ(store.head("b"), b);
}

TEST_P(JournalTest, UndoAndRedoStepBackAndForth) {
  Head one = store.set("main", "a", "1"), two = store.set("main", "a", "2");
  must(store->undo());
  EXPECT_EQ(store.head("main"), one);
  must(store->undo());
  EXPECT_EQ(head("main"), std::nullopt);
  EXPECT_EQ(failure(store->undo()), Error::Kind::not_found);
  store.reopen({.durability = std::get<1>(GetParam())});
  must(store->redo());
  must(store->redo());
  EXPECT_EQ(store.head("main"), two);
  EXPECT_EQ(failure(store->redo()), Error::Kind::not_found);
  must(store->undo());
  store.set("main", "b", "3");
  EXPECT_EQ(failure(store->redo()), Error::Kind::not_found) << "a change ends what could be redone";
  auto entries = journal();
  EXPECT_EQ(entries[2].kind, JournalEntry::Kind::undo);
  EXPECT_EQ(entries[2].target, 2u);
  EXPECT_EQ(entries[4].kind, JournalEntry::Kind::redo);
  EXPECT_EQ(entries[4].target, 1u);
}

TEST_P(JournalTest, HeadsAreAsTheyWereAfterAnyEntry) {
  std::vector<std::vector<Ref>> states{must(store->heads_at(0))};
  std::mt19937_64 random(3);
  for (int i = 0; i < 60; ++i) {
    Bytes branch(1, static_cast<char>('a' + random() % 4));
    std::optional<Head> now = head(branch);
    if (random() % 4 == 0 && now) {
      must(store->transact(set_branch(branch, {})));
    } else if (random() % 4 == 0 && i > 0) {
      must(store->undo());
    } else {
      store.set(branch, "k", std::to_string(i));
    }
    std::vector<Ref> refs;
    for (auto& [name, at] : must(store->refs(RefKind::branch)))
      refs.push_back({RefKind::branch, name, at});
    states.push_back(refs);
  }
  ASSERT_EQ(must(store->last_sequence()), states.size() - 1);
  for (size_t i = 0; i < states.size(); ++i) EXPECT_EQ(must(store->heads_at(i)), states[i]) << i;
  EXPECT_EQ(failure(store->heads_at(states.size())), Error::Kind::not_found);
}

// The model: a list of states and a place in it.
TEST_P(JournalTest, AnyMixOfChangesUndosAndRedosFollowsTheModel) {
  std::mt19937_64 random(11);
  std::vector<std::optional<Head>> states{std::nullopt};
  size_t now = 0;
  for (int i = 0; i < 300; ++i) {
    switch (random() % 4) {
      case 0:
      case 1:
        states.resize(now + 1);
        states.push_back(store.set("main", "k", std::to_string(i)));
        ++now;
        break;
      case 2:
        ASSERT_EQ(store->undo().has_value(), now > 0);
        now -= now > 0;
        break;
      case 3:
        ASSERT_EQ(store->redo().has_value(), now + 1 < states.size());
        now += now + 1 < states.size();
        break;
    }
    if (random() % 20 == 0) store.reopen({.durability = std::get<1>(GetParam())});
    ASSERT_EQ(head("main"), states[now]) << i;
  }
}

TEST_P(JournalTest, UndoOfWhatAnotherHandMovedSinceIsRefused) {
  // Only journal entries move refs, so the undone entry's refs are where it left them; a record
  // that says otherwise is made by hand here.
  store.set("main", "a", "1");
  Head two = store.set("main", "a", "2");
  must(store->undo());
  must(store->redo());
  must(store->transact(set_branch("other", two)));
  must(store->undo());
  must(store->undo());
  EXPECT_NE(store.head("main"), two);
}

// Far more changes than one record holds: they are one entry all the same.
TEST_P(JournalTest, OneTransactionMovesThirtyThousandRefs) {
  const Head first = store.set("main", "a", "1"), second = store.set("main", "a", "2");
  constexpr int kRefs = 30'000;
  auto name = [](int i) { return "a/rather/long/name/of/a/branch/" + std::to_string(i); };
  auto move_all = [&](std::optional<Head> from, std::optional<Head> to) {
    return store->transact([&](Transaction& transaction) -> Result<void> {
      for (int i = 0; i < kRefs; ++i) {
        auto ok = transaction.compare_and_set(RefKind::branch, name(i), from, to);
        if (!ok) return ok;
      }
      return {};
    });
  };
  auto count_at = [&](const Head& head) {
    auto refs = must(store->refs(RefKind::branch));
    return std::ranges::count(refs, head, &std::pair<Bytes, Head>::second);
  };
  EXPECT_EQ(must(move_all({}, first)).sequence, 3u);
  EXPECT_EQ(must(move_all(first, second)).sequence, 4u);
  store.reopen({.durability = std::get<1>(GetParam())});
  EXPECT_EQ(count_at(second), kRefs + 1);
  const auto entries = journal(3);
  ASSERT_EQ(entries.size(), 2u);
  ASSERT_EQ(entries[1].changes.size(), static_cast<size_t>(kRefs));
  EXPECT_EQ(entries[1].changes.back(),
            (RefChange{RefKind::branch, name(kRefs - 1), first, second}));
  must(store->undo());
  EXPECT_EQ(count_at(first), kRefs);
  must(store->undo());
  EXPECT_EQ(must(store->refs(RefKind::branch)).size(), 1u);
  must(store->redo());
  must(store->redo());
  EXPECT_EQ(count_at(second), kRefs + 1);
}

TEST(JournalBytes, OfManyChangesAreSeveralRecordsEachOfWhichCounts) {
  JournalRecord record;
  record.entry = {.sequence = 9, .note = "many"};
  Head head{{hash_object(ObjectKind::blob, "x"), Address::in_segment(3, 64)}, ObjectKind::commit};
  for (int i = 0; i < 30'000; ++i) {
    record.entry.changes.push_back({RefKind::branch, "b" + std::to_string(i), {}, head});
  }
  record.undo_top = 9;
  const std::vector<Bytes> values = encode(record);
  EXPECT_EQ(values.size(), 3u);
  for (const Bytes& value : values) EXPECT_LE(value.size(), size_t{1} << 20);
  auto from = [](const std::vector<Bytes>& records) -> JournalMore {
    return [&records](uint32_t number) -> Result<std::optional<Bytes>> {
      return number < records.size() ? std::optional(records[number]) : std::nullopt;
    };
  };
  EXPECT_EQ(decode_journal(9, values[0], from(values)).value(), record);
  std::vector<Bytes> broken = values;
  broken.pop_back();
  EXPECT_FALSE(decode_journal(9, values[0], from(broken))) << "one is missing";
  broken = {values[0], values[2], values[1]};
  EXPECT_FALSE(decode_journal(9, values[0], from(broken))) << "each is sealed in its place";
  broken = values;
  broken[1][500] = static_cast<char>(broken[1][500] ^ 1);
  EXPECT_FALSE(decode_journal(9, values[0], from(broken))) << "a byte is another";
  record.entry.note = Bytes(size_t{1} << 20, 'n');
  EXPECT_EQ(check_size(record).error().kind, Error::Kind::limit);
}

TEST(JournalBytes, AreFixedForEverAndComeBack) {
  JournalRecord record;
  record.entry = {
      .sequence = 9, .kind = JournalEntry::Kind::undo, .target = 4, .when_ms = -2, .note = "undo"};
  Head head{{hash_object(ObjectKind::blob, "x"), Address::in_segment(3, 64)}, ObjectKind::commit};
  record.entry.changes = {{RefKind::branch, "main", head, {}}, {RefKind::tag, "v", {}, head}};
  record.undo_top = 3, record.redo_top = 9, record.below = 2;
  Bytes bytes = encode(record).at(0);
  EXPECT_EQ(encode(record).size(), 1u);
  EXPECT_EQ(to_hex(hash_object(ObjectKind::blob, bytes)),
            "173ace1f9b8d7b09c7f32805f852f93f"
            "fc22661d47048a0ab82d3463a23134f3");
  const JournalMore none = [](uint32_t) -> Result<std::optional<Bytes>> { return std::nullopt; };
  EXPECT_EQ(decode_journal(9, bytes, none).value(), record);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_journal(9, BytesView(bytes).substr(0, size), none));
  }
  EXPECT_FALSE(decode_journal(9, bytes + '\0', none));
  EXPECT_FALSE(decode_journal(3, bytes, none)) << "links must point back";
}

}  // namespace
}  // namespace ukstore::tests
