// Streams of fast-import by hand: what is read, and what is refused and how.
#include <ukstore/merge/exchange/git_export.h>
#include <ukstore/merge/exchange/git_import.h>
#include <ukstore/merge/repo.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/set.h>
#include <ukstore/store/memory_backend.h>

#include "git/process.h"

#include <ukstore/tests/exchange/git/descriptor_stream.h>
#include <ukstore/tests/temporary_directory.h>

#include <gtest/gtest.h>

namespace ukstore::tests {
namespace {

const std::string kCommit =
    "commit refs/heads/main\nmark :9\ncommitter A <a@x> 1 +0000\ndata 2\nm\n\n";

class FastImport : public testing::Test {
 protected:
  Result<GitImportReport> import(BytesView stream) {
    ViewSource source(stream);
    return import_git(*store_, source);
  }
  std::string error_of(const std::string& stream) {
    auto imported = import(stream);
    return imported ? "imported"
                    : std::string(name(imported.error().kind)) + ": " + imported.error().message;
  }
  std::optional<Bytes> at(const Bytes& path) {
    return *Repo(*store_, {}).branch("main").state()->get(path);
  }
  std::unique_ptr<Store> store_ = *Store::open(make_memory_backend());
};

TEST_F(FastImport, ReadsEveryFormOfDataAndPath) {
  ASSERT_TRUE(import(
      "# a comment\nfeature done\nblob\nmark :1\ndata <<END\nby\ndelimiter\nEND\n" + kCommit +
      "M 644 :1 plain path\nM 100755 inline \"q\\\"\\\\\\n\\t\\303\\251\"\ndata 3\nabc\n"
      "M 120000 inline link\ndata 5\nplain\n"
      "C \"plain path\" copy\nR copy dir/moved\nC dir other\nD other/none\n\n"
      "progress half\ncheckpoint\ndone\nrubbish"));
  EXPECT_EQ(at("plain path"), "by\ndelimiter\n");
  EXPECT_EQ(at("q\"\\\n\t\xc3\xa9"), "abc");
  EXPECT_EQ(at("link"), "plain");
  EXPECT_EQ(at("dir/moved"), "by\ndelimiter\n");
  EXPECT_EQ(at("other/moved"), "by\ndelimiter\n");
  EXPECT_EQ(at("copy"), std::nullopt);
  auto value = *Repo(*store_, {}).branch("main").state()->value("q\"\\\n\t\xc3\xa9");
  EXPECT_EQ(value->kind(), Kind::executable);
}

TEST_F(FastImport, TheLastChangeOfAPathCountsWhateverStandsAboveIt) {
  ASSERT_TRUE(import(kCommit +
                     "M 100644 inline a\ndata 1\n1\nM 100644 inline a/b\ndata 1\n2\n"
                     "M 100644 inline c/d\ndata 1\n3\nM 100644 inline c\ndata 1\n4\n"
                     "M 100644 inline e/f\ndata 1\n5\nD e\nM 100644 inline g\ndata 1\n6\nD g\n\n"));
  EXPECT_EQ(at("a/b"), "2");
  EXPECT_EQ(at("c"), "4");
  EXPECT_EQ(at("e/f"), std::nullopt);
  EXPECT_EQ(at("g"), std::nullopt);
}

TEST_F(FastImport, RefusesWhatBreaksTheFormatAndSaysWhere) {
  const std::vector<std::pair<std::string, std::string>> kCases{
      {"nonsense\n", "unsupported: line 1 of the stream: unknown command \"nonsense\""},
      {"blob\nmark :0\ndata 1\nx\n", "invalid: line 2 of the stream: no mark \":0\""},
      {"blob\ndata x\n", "invalid: line 2 of the stream: no size of data \"x\""},
      {"blob\ndata 10\nabc", "the stream ends 7 bytes before its data does"},
      {"blob\ndata <<E\nabc\n", "the stream ends before the delimiter of its data"},
      {"blob\n", "the stream ends where data should come"},
      {"feature done\n", "the stream ends without the \"done\" that it promised"},
      {"feature cat-blob\n", "unsupported: line 1 of the stream: it asks for the feature"},
      {"commit refs/heads/x\ndata 0\n", "a commit has no committer"},
      {"commit refs/heads/x\ncommitter A a@x 1 +0000\ndata 0\n", "no '<'"},
      {"commit refs/heads/x\ncommitter A <a> yesterday\ndata 0\n", "no date"},
      {"commit refs/heads/x\ncommitter A <a> 1 +9999\ndata 0\n", "no date"},
      {kCommit + "from :7\n", "no commit has the mark :7"},
      {"reset refs/heads/x\nfrom refs/heads/y\n", "the stream does not hold a branch"},
      {kCommit + "M 100644 :7 f\n", "no content has the mark :7"},
      {kCommit + "M 100644 :9 f\n", "no content has the mark :9"},
      {kCommit + "M 100600 inline f\n", "no mode of a file"},
      {kCommit + "M 040000 0123456789012345678901234567890123456789 d\n", "unsupported"},
      {kCommit + "M 100644 0123456789012345678901234567890123456789 f\n", "unsupported"},
      {kCommit + "M 100644 inline \"f\ndata 0\n\n", "a quoted path does not end"},
      {kCommit + "M 100644 inline \"\\q\"\ndata 0\n\n", "an unknown escape"},
      {kCommit + "M 100644 inline a//b\ndata 0\n\n", "is no step of a path"},
      {kCommit + "M 100644 inline \"a\\000b\"\ndata 0\n\n", "is no step of a path"},
      {kCommit + "M 100644 inline " + std::string(300, 'x') + "\ndata 0\n\n", "is no step"},
      {kCommit + "C none there\n", "nothing stands at the path"},
      {kCommit + "N inline :9\n", "unknown change"},
      {"tag v\nfrom :1\ndata 0\n", "no commit has the mark :1"},
      {std::string(2'000'000, 'x'), "a line is longer than a mebibyte"},
  };
  for (const auto& [stream, expected] : kCases) {
    EXPECT_NE(error_of(stream).find(expected), std::string::npos) << stream.substr(0, 200) << "\n"
                                                                  << error_of(stream);
  }
  EXPECT_TRUE(store_->refs(RefKind::branch)->empty());
}

TEST_F(FastImport, KeepsSignaturesEncodingsAndOddDates) {
  ASSERT_TRUE(
      import("commit refs/heads/main\nmark :1\nauthor <e> 1 -0000\ncommitter C <c> 2 +0060\n"
             "gpgsig sha1 openpgp\ndata 29\n-----BEGIN PGP SIGNATURE-----\n"
             "encoding latin1\ndata 3\n\xe9\xe8\n\nM 100644 inline f\ndata 0\n\n\n"));
  BytesSink out;
  auto exported = export_git(*store_, out);
  ASSERT_TRUE(exported);
  EXPECT_EQ(exported->header_count, 1u);
  for (const char* line :
       {"author  <e> 1 -0000\n", "committer C <c> 2 +0060\n", "encoding latin1\n",
        "gpgsig sha1 openpgp\ndata 29\n-----BEGIN PGP SIGNATURE-----\n"}) {
    EXPECT_NE(out.bytes().find(line), Bytes::npos) << line;
  }
  auto again = *Store::open(make_memory_backend());
  ViewSource source(out.bytes());
  ASSERT_TRUE(import_git(*again, source));
  EXPECT_EQ(*again->head(RefKind::branch, "main"), *store_->head(RefKind::branch, "main"));
}

TEST_F(FastImport, SaysWhichCommitsHadAnotherIdAndWhy) {
  std::string original(40, '1'), other(40, '2');
  auto commit = [](const std::string& mark, const std::string& id, const std::string& rest) {
    return "commit refs/heads/main\nmark :" + mark + "\noriginal-oid " + id +
           "\ncommitter A <a@x> 1 +0000\ndata 0\n" + rest + "\n";
  };
  auto imported = import(commit("1", original, "") + commit("2", other, "from :1\n"));
  ASSERT_TRUE(imported);
  ASSERT_EQ(imported->difference_count, 2u);
  EXPECT_EQ(imported->differences[0].cause, "gpgsig");
  EXPECT_EQ(imported->differences[1].cause, "parent");
  EXPECT_EQ(to_hex(imported->differences[1].original), other);
}

TEST_F(FastImport, WhatWasMadeHereBecomesGitsByWhatItShows) {
  Repo repo(*store_, {});
  Branch main = repo.branch("main");
  ASSERT_TRUE(main.transact([](Tx& tx) {
    tx.at<Counter>("hits").add(5);
    tx.at<Flag>("on").enable();
    tx.at<Set<Bytes>>("tags").insert("b");
    tx.at<Set<Bytes>>("tags").insert("a");
    tx.set("note", "one");
  }));
  Branch draft = *main.fork("draft");
  ASSERT_TRUE(main.set("note", "ours"));
  ASSERT_TRUE(draft.set("note", "theirs"));
  ASSERT_TRUE(draft.transact([](Tx& tx) { tx.at<Counter>("hits").add(2); }));
  ASSERT_TRUE(main.merge(draft));

  TemporaryDirectory scratch;
  git_output(scratch.path(), {"init", "-q", "--bare"});
  Process git_import(git_command(scratch.path(), {"fast-import", "--quiet"}), Process::Pipe::input);
  DescriptorSink sink(git_import.descriptor());
  auto exported = export_git(*store_, sink);
  ASSERT_TRUE(exported);
  ASSERT_EQ(git_import.finish(), 0);
  ASSERT_EQ(exported->conflict_count, 1u);
  EXPECT_EQ(exported->conflicts[0].path, "note");
  auto shown = [&](const std::string& path) {
    return git_output(scratch.path(), {"cat-file", "blob", "main:" + path});
  };
  EXPECT_EQ(shown("hits"), "7\n");
  EXPECT_EQ(shown("on"), "true\n");
  EXPECT_EQ(shown("tags"), "a\nb\n");
  EXPECT_NE(shown("note").find("file ours\n"), std::string::npos);
  EXPECT_NE(shown("note").find("file theirs\n"), std::string::npos);
}

TEST_F(FastImport, AnExportRefusesNamesThatGitDoesNotTake) {
  Repo repo(*store_, {});
  for (const char* name : {"a b", "x..y", "t.lock", "q?", "a/.b"}) {
    ASSERT_TRUE(repo.branch(name).set("f", "x"));
    BytesSink out;
    auto exported = export_git(*store_, out);
    ASSERT_FALSE(exported) << name;
    EXPECT_EQ(exported.error().kind, Error::Kind::invalid);
    ASSERT_TRUE(repo.branch(name).drop());
  }
}

}  // namespace
}  // namespace ukstore::tests
