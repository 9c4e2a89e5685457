// Large things: a million entries in one directory, a deep path, a value longer than memory.

#include <ukstore/tests/counts.h>
#include <ukstore/tests/scale/memory.h>
#include <ukstore/ukstore.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace ukstore::scale {
namespace {

constexpr size_t kMillion = 1'000'000;
constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kMemoryMax = 64 * kMiB;

std::unique_ptr<Store> open_store(const std::filesystem::path& folder) {
  auto backend = open_lmdb_backend({.path = folder, .create = LmdbOptions::Create::yes});
  if (!backend) throw std::runtime_error(backend.error().message);
  auto store = Store::open(*std::move(backend));
  if (!store) throw std::runtime_error(store.error().message);
  return *std::move(store);
}

// Names a tree on branch "main".
Result<Receipt> commit(Store& store, const Tree& tree) {
  return store.transact([&](Transaction& transaction) -> Result<void> {
    const auto head = transaction.head(RefKind::branch, "main");
    if (!head) return pass_on(head);
    const auto made = transaction.make_commit({.tree = tree});
    if (!made) return pass_on(made);
    return transaction.compare_and_set(RefKind::branch, "main", *head, Head{made->ref});
  });
}

std::string name_of(size_t i) {
  char text[32];
  std::snprintf(text, sizeof text, "entry-%07zu", i);
  return text;
}

Result<Tree> million(const Store& store, std::shared_ptr<Arena> arena) {
  TreeBuilder builder(store.objects(), std::move(arena));
  for (size_t i = 0; i < kMillion; ++i) {
    if (auto added = builder.add(name_of(i), 0, "value " + std::to_string(i)); !added) {
      return pass_on(added);
    }
  }
  return builder.finish();
}

TEST(Scale, AMillionEntriesInOneDirectoryAreListedRankedAndFound) {
  ScratchDir dir;
  const auto store = open_store(dir.path());
  ASSERT_TRUE(commit(*store, million(*store, store->new_spilling_arena()).value()));
  const Tree tree = store->branch_tree("main").value();
  EXPECT_EQ(tree.count(), kMillion);
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) {
    const size_t at = random() % kMillion;
    EXPECT_EQ(tree.rank(name_of(at)).value(), at);
    EXPECT_EQ(tree.select(at).value()->key, name_of(at));
    EXPECT_EQ(tree.get(name_of(at)).value(), "value " + std::to_string(at));
  }
  size_t seen = 0;
  ASSERT_TRUE(tree.scan({}, {}, Direction::forward, [&](BytesView key, const Entry&) {
    EXPECT_EQ(key, name_of(seen));
    ++seen;
    return Flow::go_on;
  }));
  EXPECT_EQ(seen, kMillion);
  EXPECT_EQ(tree.list(kMillion - 3, 10).value().size(), 3u);
}

// Irmin's "slow" tests, at its own count, on both backends.
TEST(Scale, IrminLine30_31_HalfAMillionEntriesAreListedFoldedRemovedAndFound) {
  constexpr size_t kEntries = 500'000;
  ScratchDir dir;
  for (const bool in_memory : {true, false}) {
    const auto store =
        in_memory ? Store::open(make_memory_backend()).value() : open_store(dir.path());
    TreeBuilder builder(store->objects(), store->new_spilling_arena());
    for (size_t i = 0; i < kEntries; ++i) ASSERT_TRUE(builder.add(name_of(i), 0, "v"));
    ASSERT_TRUE(commit(*store, builder.finish().value()));
    const Tree tree = store->branch_tree("main").value();
    EXPECT_EQ(tree.list().value().size(), kEntries);
    size_t folded = 0;
    ASSERT_TRUE(tree.scan({}, {}, Direction::forward, [&](BytesView, const Entry&) {
      ++folded;
      return Flow::go_on;
    }));
    EXPECT_EQ(folded, kEntries);
    const Tree again = tree.remove(name_of(0)).value().set(name_of(0), "v").value();
    EXPECT_EQ(again.hash(), tree.hash());
    EXPECT_EQ(tree.set("new", "v").value().remove("new").value().hash(), tree.hash());
    EXPECT_TRUE(tree.find(name_of(0)).value().has_value());
    EXPECT_FALSE(tree.find("absent").value().has_value());
  }
}

TEST(Scale, OneChangeInAMillionEntriesWritesAFewNodes) {
  ScratchDir dir;
  const auto store = open_store(dir.path());
  ASSERT_TRUE(commit(*store, million(*store, store->new_spilling_arena()).value()));
  const Tree tree = store->branch_tree("main").value();
  const ObjectCounts before = store->objects().counts();
  ASSERT_TRUE(commit(*store, tree.set(name_of(123'456), "changed").value()));
  const ObjectCounts after = store->objects().counts();
  EXPECT_LE(after.written - before.written, 15u) << "the height is under 13, and a commit";
  EXPECT_LE(after.written_bytes - before.written_bytes, 32'768u);
}

TEST(Scale, AMillionEntriesInAnyOrderOfEditsHaveOneName) {
  ScratchDir dir;
  const auto store = open_store(dir.path());
  const Hash built = million(*store, store->new_spilling_arena()).value().hash();
  std::vector<size_t> order(kMillion);
  for (size_t i = 0; i < kMillion; ++i) order[i] = i;
  std::ranges::shuffle(order, std::mt19937_64(2));
  Tree tree(store->objects());
  constexpr size_t kEach = 100'000;
  for (size_t first = 0; first < kMillion; first += kEach) {
    std::sort(order.begin() + first, order.begin() + first + kEach);
    std::vector<Edit> edits;
    for (size_t i = first; i < first + kEach; ++i) {
      edits.push_back(Edit::put(name_of(order[i]), 0, "value " + std::to_string(order[i])));
    }
    tree = tree.apply(edits).value();
  }
  EXPECT_EQ(tree.hash(), built);
}

TEST(Scale, APathOfTwoHundredStepsIsSetReadAndVanishes) {
  ScratchDir dir;
  const auto store = open_store(dir.path());
  std::string path = "step-0";
  for (int i = 1; i < 200; ++i) path += "/step-" + std::to_string(i);
  ASSERT_TRUE(commit(*store, Tree(store->objects()).set(path, "deep").value()));
  const Tree tree = store->branch_tree("main").value();
  EXPECT_EQ(tree.get(path).value(), "deep");
  const Tree beside = tree.set(path + "-beside", "too").value();
  EXPECT_EQ(beside.get(path).value(), "deep");
  EXPECT_EQ(beside.remove(path + "-beside").value(), tree);
  EXPECT_TRUE(tree.remove(path).value().empty()) << "no empty directory is left";
}

// The n-th MiB of a long value: cheap, and not repeating.
std::string piece(uint64_t n) {
  std::string bytes(kMiB, '\0');
  uint64_t word = n * 0x9e3779b97f4a7c15u + 1;
  for (size_t i = 0; i < bytes.size(); i += 8) {
    word ^= word << 13;
    word ^= word >> 7;
    word ^= word << 17;
    store_le<uint64_t>(bytes.data() + i, word);
  }
  return bytes;
}

std::string stream_in(Store& store, uint64_t pieces, const std::function<void()>& note) {
  PayloadWriter writer(store.objects(), store.new_spilling_arena());
  for (uint64_t i = 0; i < pieces; ++i) {
    if (auto taken = writer.append(piece(i)); !taken) return taken.error().message;
    note();
  }
  auto payload = writer.finish();
  if (!payload) return payload.error().message;
  const Edit edits[] = {Edit::put("film", 0, *payload)};
  const auto tree = Tree(store.objects()).apply(edits);
  if (!tree) return tree.error().message;
  const auto done = commit(store, *tree);
  note();
  return done ? "" : done.error().message;
}

std::string stream_out(const Store& store, uint64_t pieces, const std::function<void()>& note) {
  const auto tree = store.branch_tree("main");
  if (!tree) return tree.error().message;
  const auto entry = tree->find("film");
  if (!entry) return entry.error().message;
  if (!*entry || (*entry)->payload_size != pieces * kMiB) return "its size is another";
  const PayloadReader reader(store.objects(), tree->payload(**entry));
  uint64_t at = 0;
  std::string expected, fault;
  const auto read = reader.visit(0, [&](BytesView bytes) {
    for (char c : bytes) {
      if (at % kMiB == 0) {
        expected = piece(at / kMiB);
        note();
      }
      if (c != expected[at % kMiB]) fault = "byte " + std::to_string(at) + " differs";
      ++at;
    }
    return fault.empty() ? Flow::go_on : Flow::stop;
  });
  if (!read) return read.error().message;
  return at == pieces * kMiB ? fault : "it ends early";
}

TEST(Scale, AValueLongerThanMemoryIsStreamedInAndOut) {
  const uint64_t pieces = tests::count(256, 1'024);  // MiB
  ScratchDir dir;
  const ChildResult in = run_capped(kMemoryMax, [&](const auto& note) {
    return stream_in(*open_store(dir.path()), pieces, note);
  });
  EXPECT_TRUE(in.ok) << in.said;
  EXPECT_LT(in.peak_bytes, kMemoryMax);
  const ChildResult out = run_capped(kMemoryMax, [&](const auto& note) {
    return stream_out(*open_store(dir.path()), pieces, note);
  });
  EXPECT_TRUE(out.ok) << out.said;
  EXPECT_LT(out.peak_bytes, kMemoryMax);
  std::printf("%lu MiB in: peak %lu KiB; out: peak %lu KiB\n", static_cast<unsigned long>(pieces),
              static_cast<unsigned long>(in.peak_bytes / 1024),
              static_cast<unsigned long>(out.peak_bytes / 1024));
}

std::string serve(const Store& store, const std::function<void()>& note) {
  std::mt19937_64 random(3);
  for (size_t i = 0; i < 2 * kMillion; ++i) {
    const size_t at = random() % kMillion;
    const auto tree = store.branch_tree("main");
    if (!tree) return tree.error().message;
    const auto value = tree->get(name_of(at));
    if (!value) return value.error().message;
    if (*value != "value " + std::to_string(at)) return name_of(at) + " has another value";
    if (i % 1'000 == 0) note();
  }
  return "";
}

TEST(Scale, AMillionKeysAreBuiltAndServedUnderACap) {
  ScratchDir dir;
  const ChildResult built = run_capped(kMemoryMax, [&](const auto& note) -> std::string {
    const auto store = open_store(dir.path());
    const auto tree = million(*store, store->new_spilling_arena());
    note();
    if (!tree) return tree.error().message;
    const auto done = commit(*store, *tree);
    note();
    return done ? "" : done.error().message;
  });
  EXPECT_TRUE(built.ok) << built.said;
  const ChildResult served = run_capped(
      kMemoryMax, [&](const auto& note) { return serve(*open_store(dir.path()), note); });
  EXPECT_TRUE(served.ok) << served.said;
  EXPECT_LT(served.peak_bytes, kMemoryMax);
  std::printf("built: peak %lu KiB; served: peak %lu KiB\n",
              static_cast<unsigned long>(built.peak_bytes / 1024),
              static_cast<unsigned long>(served.peak_bytes / 1024));
}

TEST(Scale, TheCapOfTheseTestsIsFelt) {
  const ChildResult greedy = run_capped(kMemoryMax, [](const auto& note) -> std::string {
    const std::string memory(2 * kMemoryMax, 'x');
    note();
    return memory.empty() ? "?" : "";
  });
  EXPECT_FALSE(greedy.ok);
}

}  // namespace
}  // namespace ukstore::scale
