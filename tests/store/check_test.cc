#include <ukstore/store/check.h>

#include <ukstore/store/index_run.h>
#include <ukstore/store/lmdb_backend.h>
#include <ukstore/store/records.h>
#include <ukstore/store/refs.h>
#include <ukstore/store/segment.h>

#include "damaged_backend.h"
#include "stores.h"

#include <random>
#include <set>

namespace ukstore::tests {
namespace {

// Lets a store have a backend that outlives it.
class Lent final : public Backend {
 public:
  explicit Lent(Backend& under) : under_(under) {}
  Result<std::unique_ptr<Snapshot>> snapshot() const override { return under_.snapshot(); }
  Result<std::optional<BytesView>> segment(uint64_t number) const override {
    return under_.segment(number);
  }
  Result<std::unique_ptr<Write>> write() override { return under_.write(); }
  Result<std::unique_ptr<WriterHold>> hold() override { return under_.hold(); }
  std::string_view name() const override { return under_.name(); }
  uint64_t size_bytes() const override { return under_.size_bytes(); }

 private:
  Backend& under_;
};

class CheckTest : public OnEveryBackend {
 protected:
  CheckTest() {
    // Every kind of object, every sort of record, in several segments.
    with_store([&](Store& store) {
      Bytes rope(200'000, '\0');
      for (size_t i = 0; i < rope.size(); ++i) rope[i] = static_cast<char>(i * i / 911);
      commit(store, "main", [&](PathEdits& edits) {
        edits.set("rope", rope).set("blob", Bytes(500, 'b')).set("small", "x");
        for (int i = 0; i < 200; ++i) edits.set("dir/" + std::to_string(i), "v");
      });
      commit(store, "main", [](PathEdits& edits) { edits.set("dir/7", "w"); });
      commit(store, "side", [](PathEdits& edits) { edits.set("own", Bytes(100, 's')); });
      commit(store, "main", [](PathEdits& edits) { edits.set("dir/8", "y"); });
      must(store.transact([&](Transaction& transaction) -> Result<void> {
        Head main = *must(transaction.head(RefKind::branch, "main"));
        auto tag = must(transaction.make_tag({.target = main.ref, .name = "v1", .message = "one"}));
        return transaction.compare_and_set(RefKind::tag, "v1", {}, Head{tag, ObjectKind::tag});
      }));
      must(store.undo());
      must(store.redo());
    });
  }
  template <class Do>
  void with_store(Do&& work) {
    auto store = must(Store::open(std::make_unique<Lent>(*backend)));
    work(*store);
  }
  static void commit(Store& store, BytesView branch, const std::function<void(PathEdits&)>& fill) {
    must(store.transact([&](Transaction& transaction) -> Result<void> {
      auto head = must(transaction.head(RefKind::branch, branch));
      PathEdits edits;
      fill(edits);
      CommitDraft draft{.tree = must(edits.apply_to(must(transaction.tree_of(branch))))};
      if (head) draft.parents = {head->ref};
      auto made = must(transaction.make_commit(std::move(draft)));
      return transaction.compare_and_set(RefKind::branch, branch, head, Head{made.ref});
    }));
  }
  CheckReport check(Damage damage = {},
                    CheckOptions::Depth depth = CheckOptions::Depth::structure) {
    DamagedBackend damaged(*backend, std::move(damage));
    return must(check_store(damaged, {.depth = depth}));
  }
  uint64_t last_segment() { return must(must(backend->snapshot())->last_segment()); }
  // The first record of that kind: its segment, and where in it the canonical bytes lie.
  std::pair<uint64_t, size_t> find(ObjectKind kind) {
    for (uint64_t number = last_segment(); number > 0; --number) {
      BytesView bytes = *must(backend->segment(number));
      SegmentView segment = must(SegmentView::open(number, bytes));
      for (uint32_t i = 0; i < segment.count(); ++i) {
        ObjectView view = must(segment.record(segment.offset_bytes(i)));
        if (view.kind == kind)
          return {number, static_cast<size_t>(view.bytes.data() - bytes.data())};
      }
    }
    throw std::runtime_error("no such object");
  }
  static Damage flip(uint64_t number, size_t byte, int bit) {
    return {.segment = [=](uint64_t at, Bytes& segment) {
      if (at == number) segment[byte] = static_cast<char>(segment[byte] ^ 1 << bit);
    }};
  }
  static std::set<std::string_view> where(const CheckReport& report) {
    std::set<std::string_view> all;
    for (const Problem& problem : report.problems) all.insert(name(problem.where));
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Each, CheckTest, each_backend, backend_name);

TEST_P(CheckTest, AGoodStoreIsCleanInBothDepths) {
  for (auto depth : {CheckOptions::Depth::structure, CheckOptions::Depth::deep}) {
    CheckReport report = check({}, depth);
    for (const Problem& problem : report.problems)
      ADD_FAILURE() << name(problem.where) << " " << problem.name << ": " << problem.what;
    EXPECT_TRUE(report.clean());
    EXPECT_EQ(report.commits, 4u);
    EXPECT_EQ(report.refs, 3u);
    EXPECT_EQ(report.entries, 7u);
    EXPECT_GT(report.objects, 20u);
  }
}

TEST_P(CheckTest, AFlippedBitAnywhereInASegmentIsFound) {
  size_t tried = 0;
  std::mt19937_64 random(5);
  for (uint64_t number = 1; number <= last_segment(); ++number) {
    size_t size = must(SegmentView::open(number, *must(backend->segment(number)))).size_bytes();
    // A sample, for each change has all checked anew.
    size_t step = std::max<size_t>(1, size / 40);
    for (size_t byte = 0; byte < size; byte += 1 + random() % (2 * step)) {
      CheckReport report = check(flip(number, byte, static_cast<int>(random() % 8)));
      ASSERT_FALSE(report.clean()) << "segment " << number << " byte " << byte;
      ++tried;
    }
  }
  EXPECT_GT(tried, 100u);
}

TEST_P(CheckTest, AFlippedBitInEveryKindOfObjectIsFound) {
  for (ObjectKind kind : {ObjectKind::leaf, ObjectKind::inner, ObjectKind::blob, ObjectKind::rope,
                          ObjectKind::commit, ObjectKind::tag}) {
    auto [number, at] = find(kind);
    CheckReport report = check(flip(number, at, 3));
    EXPECT_TRUE(where(report).contains("object")) << static_cast<int>(kind);
  }
}

TEST_P(CheckTest, AFlippedBitInAnyRecordOfRefsJournalOrFormatIsFound) {
  std::vector<Bytes> keys;
  for (char prefix : {kFormatPrefix, kHeadPrefix, kTagPrefix, kJournalPrefix}) {
    must(must(backend->snapshot())
             ->scan(record_key(prefix), {}, Direction::forward, [&](BytesView key, BytesView) {
               keys.emplace_back(key);
               return Flow::go_on;
             }));
  }
  ASSERT_EQ(keys.size(), 1u + 2 + 1 + 7);
  for (const Bytes& key : keys) {
    size_t size = must(must(backend->snapshot())->get(key))->size();
    for (size_t bit = 0; bit < 8 * size; bit += 41) {
      CheckReport report = check({.record = [&](BytesView at, Bytes& value) {
        if (at == key) value[bit / 8] = static_cast<char>(value[bit / 8] ^ 1 << bit % 8);
        return true;
      }});
      ASSERT_FALSE(report.clean()) << printable(key) << " bit " << bit;
    }
    CheckReport gone = check({.record = [&](BytesView at, Bytes&) { return at != key; }});
    EXPECT_FALSE(gone.clean()) << printable(key) << " is missing";
  }
}

TEST_P(CheckTest, AMissingSegmentLeavesNamesWithoutObjects) {
  {
    auto write = must(backend->write());
    must(write->erase_segment(1));
    must(write->commit(Durability::durable));
  }
  CheckReport report = check();
  EXPECT_TRUE(where(report).contains("object"));
  EXPECT_TRUE(where(report).contains("branch"));
}

// Bytes with a good checksum that are not what their name says: only hashing finds them.
TEST_P(CheckTest, AnObjectUnderAWrongNameIsFoundByTheDeepCheckAlone) {
  auto [number, at] = find(ObjectKind::blob);
  Damage damage{.segment = [number = number](uint64_t where, Bytes& bytes) {
    if (where != number) return;
    // The segment is written anew, so that all its checks fit, with one blob changed.
    Bytes aligned = bytes;
    SegmentView segment = must(SegmentView::open(where, aligned));
    std::vector<SegmentRecord> records;
    std::vector<Bytes> changed;
    std::vector<std::vector<uint64_t>> sides;
    std::map<uint32_t, Hash> by_offset;
    for (uint32_t i = 0; i < segment.count(); ++i) {
      by_offset[segment.offset_bytes(i)] = must(segment.hash_at(segment.offset_bytes(i)));
    }
    changed.reserve(by_offset.size());
    sides.reserve(by_offset.size());
    bool done = false;
    for (auto& [offset, hash] : by_offset) {
      ObjectView view = must(segment.record(offset));
      changed.emplace_back(view.bytes);
      if (view.kind == ObjectKind::blob && !done) {
        changed.back()[0] ^= 1;
        done = true;
      }
      auto& side = sides.emplace_back();
      for (uint32_t i = 0; i < view.side_count; ++i)
        side.push_back(load_le<uint64_t>(view.side + 8 * i));
      records.push_back({view.kind, hash, changed.back(), side});
    }
    size_t size = kSegmentHeaderBytes;
    for (const auto& record : records)
      size += record_bytes(record.bytes.size(), record.side.size());
    encode_segment(records, {bytes.data(), size});
  }};
  EXPECT_FALSE(where(check(damage)).contains("object"));
  EXPECT_TRUE(where(check(damage, CheckOptions::Depth::deep)).contains("object"));
}

TEST_P(CheckTest, AJournalThatDisagreesWithTheHeadsIsFound) {
  with_store([&](Store& store) {
    Head main = *must(store.head(RefKind::branch, "main"));
    auto write = must(backend->write());
    must(write->put(ref_key(RefKind::branch, "extra"), encode_head("hextra", main)));
    must(write->commit(Durability::durable));
  });
  EXPECT_EQ(where(check()), std::set<std::string_view>{"journal"});
}

TEST_P(CheckTest, AnIndexThatHasNotAllObjectsIsFoundAndRebuilt) {
  {
    auto write = must(backend->write());
    ObjectStore objects(*backend);
    must(objects.rebuild_index(*write));
    must(write->commit(Durability::durable));
  }
  EXPECT_TRUE(check().clean());
  std::vector<Bytes> keys;
  must(must(backend->snapshot())
           ->scan(record_key(kIndexPrefix), {}, Direction::forward, [&](BytesView key, BytesView) {
             keys.emplace_back(key);
             return Flow::go_on;
           }));
  ASSERT_FALSE(keys.empty());
  auto write = must(backend->write());
  must(write->erase(keys.back()));
  must(write->commit(Durability::durable));
  CheckReport report = check();
  EXPECT_TRUE(where(report).contains("index"));
  must(repair_store(*backend, report, {.index = RepairOptions::Index::rebuild}));
  EXPECT_TRUE(check().clean());
}

TEST_P(CheckTest, AnIndexThatLeadsANameToWhatDoesNotExistIsFound) {
  {
    auto write = must(backend->write());
    ObjectStore objects(*backend);
    must(objects.rebuild_index(*write));
    must(write->commit(Durability::durable));
  }
  // The first piece, with one more entry: a name that no object has.
  auto with_entry = [](Address address, std::optional<uint64_t> entries) {
    return Damage{.record = [=](BytesView key, Bytes& value) {
      if (key == record_key(kIndexPrefix) && entries) {
        auto manifest = must(IndexManifest::decode(value));
        manifest.runs.at(0).entries = *entries;
        value = manifest.encode();
      }
      if (key != index_piece_key(1, 0)) return true;
      std::vector<IndexEntry> all{{Hash{}, address}};
      auto piece = must(IndexPiece::open(value));
      for (uint32_t i = 0; i < piece.count(); ++i) all.push_back({piece.hash(i), piece.address(i)});
      value = IndexPiece::encode(all);
      return true;
    }};
  };
  const auto manifest = must(IndexManifest::load(*must(backend->snapshot())));
  ASSERT_EQ(manifest.runs.size(), 1u);
  const uint64_t one_more = manifest.runs[0].entries + 1;
  EXPECT_TRUE(check().clean());
  for (Address wrong : {Address::in_segment(1, 32), Address::in_segment(1, 40),
                        Address::in_segment(manifest.mark + 1, 32)}) {
    const CheckReport report = check(with_entry(wrong, one_more));
    EXPECT_EQ(report.problem_count, 1u) << wrong.segment() << ' ' << wrong.offset_bytes();
    EXPECT_EQ(report.problems.at(0).where, Problem::Where::index);
    EXPECT_EQ(report.problems.at(0).name, to_hex(Hash{}));
  }
  const CheckReport miscounted = check(with_entry(Address::in_segment(1, 32), {}));
  EXPECT_EQ(miscounted.problem_count, 2u);
}

TEST_P(CheckTest, ProblemsAreCountedBeyondTheListAndTheCheckCanBeStopped) {
  {
    auto write = must(backend->write());
    must(write->erase_segment(1));
    must(write->commit(Durability::durable));
  }
  CheckReport report = must(check_store(*backend, {.problems_max = 1}));
  EXPECT_EQ(report.problems.size(), 1u);
  EXPECT_GT(report.problem_count, 1u);
  uint64_t calls = 0;
  auto stopped = check_store(*backend, {.progress = [&](const CheckProgress& progress) {
    EXPECT_GE(progress.segments, progress.segments_done);
    return ++calls == 2 ? Flow::stop : Flow::go_on;
  }});
  EXPECT_EQ(failure(stopped), Error::Kind::limit);
}

TEST_P(CheckTest, ABranchMovesBackToItsNewestWholeAncestorWhenToldTo) {
  std::vector<Head> heads;
  with_store([&](Store& store) {
    for (const JournalEntry& entry : must(store.journal(0, 100, Direction::forward))) {
      if (entry.changes[0].name == "main") heads.push_back(*entry.changes[0].after);
    }
  });
  ASSERT_EQ(heads.size(), 3u);
  // The last commit of main lies in a segment of its own, which is lost.
  {
    auto write = must(backend->write());
    must(write->erase_segment(heads.back().ref.address.segment()));
    must(write->commit(Durability::durable));
  }
  CheckReport report = check();
  const Problem* problem = nullptr;
  for (const Problem& each : report.problems) {
    if (each.where == Problem::Where::branch) problem = &each;
  }
  ASSERT_NE(problem, nullptr);
  EXPECT_EQ(problem->name, "main");
  EXPECT_EQ(problem->rescue, heads[1]);
  EXPECT_TRUE(must(repair_store(*backend, report, {})).empty()) << "only when told to";
  auto moved = must(repair_store(*backend, report, {.refs = RepairOptions::Refs::move_back}));
  EXPECT_EQ(moved.size(), 2u) << "the tag goes, as what it names is lost";
  backend.reopen();
  EXPECT_FALSE(where(check()).contains("branch"));
  EXPECT_FALSE(where(check()).contains("journal"));
  with_store([&](Store& store) {
    EXPECT_EQ(must(store.head(RefKind::branch, "main")), heads[1]);
    EXPECT_EQ(must(must(store.branch_tree("main")).get("dir/7")), "w");
    commit(store, "main", [](PathEdits& edits) { edits.set("goes", "on"); });
  });
}

TEST_P(CheckTest, AJournalThatCannotBeReadIsStartedAnewWhenToldTo) {
  {
    auto write = must(backend->write());
    Bytes key = record_key(kJournalPrefix, big_endian(2));
    must(write->put(key, "nonsense"));
    must(write->commit(Durability::durable));
  }
  CheckReport report = check();
  EXPECT_EQ(where(report), std::set<std::string_view>{"journal"});
  must(repair_store(*backend, report, {.journal = RepairOptions::Journal::start_anew}));
  EXPECT_TRUE(check().clean());
  with_store([&](Store& store) { EXPECT_EQ(must(store.last_sequence()), 1u); });
}

}  // namespace
}  // namespace ukstore::tests
