// Histories that git itself has made, imported, exported and merged, beside git.
#include "git/history_check.h"
#include "git/process.h"
#include "git/seeded_history.h"

#include <ukstore/merge/exchange/git_export.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/counts.h>
#include <ukstore/tests/exchange/git/descriptor_stream.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

namespace ukstore::tests {
namespace {

std::unique_ptr<Store> memory_store() { return *Store::open(make_memory_backend()); }

// A repository that holds a seeded history.
std::filesystem::path repository_of(const SeededHistory& history,
                                    const std::filesystem::path& parent) {
  std::filesystem::path at = parent / "source";
  std::filesystem::create_directories(at);
  git_output(at, {"init", "-q", "--bare"});
  Process import(git_command(at, {"fast-import", "--quiet"}), Process::Pipe::input);
  DescriptorSink sink(import.descriptor());
  EXPECT_TRUE(sink.write(stream_of(history)));
  EXPECT_EQ(import.finish(), 0);
  return at;
}

std::vector<std::string> plain_export() {
  return {"fast-export", "--reencode=no", "--signed-tags=verbatim", "--branches", "--tags"};
}

Bytes exported_by_git(const std::filesystem::path& repository,
                      const std::vector<std::string>& how) {
  return git_output(repository, how);
}

Result<GitImportReport> import_bytes(Store& store, BytesView stream,
                                     const GitImportOptions& options = {}) {
  ViewSource source(stream);
  return import_git(store, source, options);
}

std::vector<std::pair<Bytes, Head>> all_refs(const Store& store) {
  auto refs = *store.refs(RefKind::branch);
  auto tags = *store.refs(RefKind::tag);
  refs.insert(refs.end(), tags.begin(), tags.end());
  return refs;
}

struct Form {
  std::string name;
  std::vector<std::string> fast_export;
  SeededHistory::Names names;
};
struct ByForm : testing::TestWithParam<Form> {};

// Refs, merge bases and merged trees at once, for they need the same histories.
TEST_P(ByForm, SeededHistoriesAreWhatGitSays) {
  MergeCounts trees;
  uint64_t pairs_with_several = 0;
  const int seeds = count(2, 100);
  for (int seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TemporaryDirectory scratch(TemporaryDirectory::Where::in_memory);
    SeededHistory history{.seed = static_cast<uint64_t>(seed), .names = GetParam().names};
    auto repository = repository_of(history, scratch.path());
    auto store = memory_store();
    HistoryCheck check = check_history(repository, *store, scratch.path(), GetParam().fast_export);
    for (const std::string& fault : check.faults) ADD_FAILURE() << fault;
    EXPECT_GT(check.refs_equal, 0u);
    EXPECT_EQ(check.differences, 0u);
    trees.equal += check.trees.equal;
    trees.written_back += check.trees.written_back;
    pairs_with_several += check.pairs_with_several;
  }
  EXPECT_GT(trees.equal, 0u);
  EXPECT_GT(pairs_with_several, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Streams, ByForm,
    testing::Values(Form{"FullTree", full_tree_export(), SeededHistory::Names::any},
                    Form{"WithRenamesAndCopies",
                         {"fast-export", "-M", "-C", "--reencode=no", "--signed-tags=verbatim",
                          "--show-original-ids", "--branches", "--tags"},
                         SeededHistory::Names::never_both}),
    [](const auto& form) { return form.param.name; });

TEST(GitImport, TheSameHistoryGivesTheSameCommitsWhateverTheStream) {
  TemporaryDirectory scratch(TemporaryDirectory::Where::in_memory);
  auto repository =
      repository_of({.seed = 77, .names = SeededHistory::Names::never_both}, scratch.path());
  auto one = memory_store(), other = memory_store();
  ASSERT_TRUE(import_bytes(*one, exported_by_git(repository, full_tree_export())));
  ASSERT_TRUE(import_bytes(*other, exported_by_git(repository, plain_export())));
  EXPECT_EQ(all_refs(*one), all_refs(*other));
  // And again into the same store: nothing moves.
  auto again = import_bytes(*one, exported_by_git(repository, plain_export()));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->refs.empty());
}

TEST(GitImport, TreesThatHadToBeDroppedAreReadBack) {
  TemporaryDirectory scratch(TemporaryDirectory::Where::in_memory);
  auto repository = repository_of({.seed = 13}, scratch.path());
  for (const auto& how : {full_tree_export(), plain_export()}) {
    Bytes stream = exported_by_git(repository, how);
    auto one = memory_store(), other = memory_store();
    ASSERT_TRUE(import_bytes(*one, stream));
    ASSERT_TRUE(import_bytes(*other, stream, {.tree_bytes_max = 0}));
    EXPECT_EQ(all_refs(*one), all_refs(*other));
  }
}

TEST(GitImport, AStreamThatBreaksOffLeavesTheStoreAsItWas) {
  TemporaryDirectory scratch(TemporaryDirectory::Where::in_memory);
  auto repository = repository_of({.seed = 5, .commits = 15}, scratch.path());
  Bytes stream = "feature done\n" + exported_by_git(repository, plain_export()) + "done\n";
  auto store = memory_store();
  const size_t step = stream.size() / static_cast<size_t>(count(40, 2000));
  // The last byte is the end of the last line, which may be missing.
  for (size_t cut = 0; cut + 1 < stream.size(); cut += step) {
    auto broken = import_bytes(*store, BytesView(stream).substr(0, cut));
    if (cut == 0) continue;  // nothing at all is a stream of nothing
    ASSERT_FALSE(broken) << "cut at " << cut;
    EXPECT_EQ(broken.error().kind, Error::Kind::invalid) << broken.error().message;
  }
  EXPECT_TRUE(all_refs(*store).empty());
  EXPECT_EQ(*store->last_sequence(), 0u);
  EXPECT_TRUE(import_bytes(*store, stream));
}

TEST(GitImport, CanBeBrokenOff) {
  std::string stream;
  for (int i = 1; i < 10'000; ++i) stream += "blob\nmark :" + std::to_string(i) + "\ndata 1\nx\n";
  auto store = memory_store();
  GitImportOptions options;
  options.progress = [](const ExchangeProgress&) { return GoOn::stop; };
  auto broken = import_bytes(*store, stream, options);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind, Error::Kind::closed);
}

TEST(GitImport, RefsMoveForwardUnlessTheyAreToBeReplaced) {
  auto commit = [](const std::string& message, const std::string& from) {
    return "commit refs/heads/main\nmark :" + std::to_string(message.size()) +
           "\ncommitter A <a@x> 1 +0000\ndata " + std::to_string(message.size()) + "\n" + message +
           "\n" + from + "M 100644 inline f\ndata " + std::to_string(message.size()) + "\n" +
           message + "\n\n";
  };
  std::string one = commit("a", ""), two = one + commit("bb", "from :1\n"),
              other = commit("ccc", "");
  auto store = memory_store();
  ASSERT_TRUE(import_bytes(*store, one));
  auto forward = import_bytes(*store, two);
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->refs.size(), 1u);
  auto head = *store->head(RefKind::branch, "main");
  auto aside = import_bytes(*store, other);
  ASSERT_FALSE(aside);
  EXPECT_EQ(aside.error().kind, Error::Kind::moved);
  EXPECT_EQ(*store->head(RefKind::branch, "main"), head);
  EXPECT_TRUE(import_bytes(*store, other, {.existing = ExistingRef::replace}));
  EXPECT_NE(*store->head(RefKind::branch, "main"), head);
}

TEST(GitImport, ThirtyThousandRefsAreOneStepThatUndoTakesBack) {
  std::string stream = "commit refs/heads/main\nmark :1\ncommitter A <a@x> 1 +0000\ndata 1\nm\n\n";
  for (int i = 1; i < 30'000; ++i) {
    stream += "reset refs/heads/topic/of/some/length/" + std::to_string(i) + "\nfrom :1\n\n";
  }
  auto store = memory_store();
  auto imported = import_bytes(*store, stream);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->refs.size(), 30'000u);
  EXPECT_EQ(*store->last_sequence(), 1u);
  ASSERT_TRUE(store->undo());
  EXPECT_TRUE(all_refs(*store).empty());
  ASSERT_TRUE(store->redo());
  EXPECT_EQ(all_refs(*store).size(), 30'000u);
}

TEST(GitImport, TheMapNamesEachCommit) {
  TemporaryDirectory scratch(TemporaryDirectory::Where::in_memory);
  auto repository = repository_of({.seed = 3, .commits = 10}, scratch.path());
  auto store = memory_store();
  BytesSink map;
  ASSERT_TRUE(import_bytes(*store, exported_by_git(repository, full_tree_export()), {.map = &map}));
  auto git = git_output(repository, {"rev-list", "--branches", "--tags"});
  auto lines = lines_of(map.bytes());
  ASSERT_EQ(lines.size(), lines_of(git).size());
  for (const std::string& line : lines) {
    EXPECT_NE(git.find(line.substr(0, 40)), std::string::npos);
    EXPECT_TRUE(store->commit({*hash_from_hex(line.substr(41)), {}}));
  }
}

}  // namespace
}  // namespace ukstore::tests
