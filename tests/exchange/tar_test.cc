#include <ukstore/merge/exchange/tar.h>

#include <ukstore/merge/types/counter.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/tests/exchange/git/descriptor_stream.h>
#include <ukstore/tests/temporary_directory.h>

#include "git/process.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace ukstore::tests {
namespace {

// A header of ustar (POSIX.1, "ustar Interchange Format") and its content.
Bytes entry(const std::string& name, char type, const Bytes& content = {},
            const std::string& target = {}, unsigned mode = 0644) {
  Bytes block(512, '\0');
  auto field = [&](size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  auto octal = [&](size_t at, int width, unsigned long value) {
    char text[16];
    std::snprintf(text, sizeof text, "%0*lo", width - 1, value);
    field(at, text);
  };
  field(0, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, content.size());
  octal(136, 12, 0);
  field(148, "        ");
  block[156] = type;
  field(157, target);
  field(257, std::string("ustar\0"
                         "00",
                         8));
  unsigned long sum = 0;
  for (unsigned char byte : block) sum += byte;
  octal(148, 7, sum);
  block[154] = '\0';
  return block + content + Bytes((512 - content.size() % 512) % 512, '\0');
}
const Bytes kEnd(1024, '\0');

class Tar : public testing::Test {
 protected:
  Result<ValueImportReport> import(BytesView archive) {
    ViewSource source(archive);
    return import_tar(*store_, "main", source);
  }
  Result<std::vector<Bytes>> export_to(BytesSink& sink) { return export_tar(*main_.state(), sink); }
  std::unique_ptr<Store> store_ = *Store::open(make_memory_backend());
  Repo repo_{*store_, {}};
  Branch main_ = repo_.branch("main");
};

TEST_F(Tar, FilesExecutablesAndLinksComeInAndOut) {
  Bytes big(300'000, 'x');
  for (size_t i = 0; i < big.size(); i += 7) big[i] = static_cast<char>(i);
  ASSERT_TRUE(import(entry("./dir/", '5') + entry("./dir/file", '0', "hello") +
                     entry("run", '0', "#!/bin/sh\n", {}, 0755) +
                     entry("link", '2', {}, "../out/of/it") + entry("big", '0', big) +
                     entry("hard", '1', {}, "dir/file") + kEnd));
  State state = *main_.state();
  EXPECT_EQ(*state.get("dir/file"), "hello");
  EXPECT_EQ(*state.get("hard"), "hello");
  EXPECT_EQ(*state.get("big"), big);
  EXPECT_EQ((*state.value("run"))->kind(), Kind::executable);
  EXPECT_EQ((*state.value("link"))->kind(), Kind::symlink);
  EXPECT_EQ(*state.get("link"), "../out/of/it");

  BytesSink out;
  auto conflicts = export_to(out);
  ASSERT_TRUE(conflicts) << conflicts.error().message;
  auto other = *Store::open(make_memory_backend());
  ViewSource source(out.bytes());
  ASSERT_TRUE(import_tar(*other, "main", source));
  BytesSink again;
  ASSERT_TRUE(export_tar(*Repo(*other, {}).branch("main").state(), again));
  EXPECT_EQ(out.bytes(), again.bytes());
}

TEST_F(Tar, TheSystemsTarReadsWhatIsWritten) {
  Bytes name(200, 'n');
  ASSERT_TRUE(main_.transact([&](Tx& tx) {
    tx.set("a/" + name + "/deep", "1");
    tx.set("run", "2", Kind::executable);
    tx.set("link", "run", Kind::symlink);
    tx.set("latin\xe9", "3");
    tx.at<Counter>("hits").add(4);
  }));
  TemporaryDirectory scratch;
  Process tar({"tar", "-x", "-C", scratch.path().string(), "-f", "-"}, Process::Pipe::input);
  DescriptorSink sink(tar.descriptor());
  ASSERT_TRUE(export_tar(*main_.state(), sink));
  ASSERT_EQ(tar.finish(), 0);
  auto read = [&](const std::string& path) {
    std::ifstream file(scratch.path() / path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(read("a/" + name + "/deep"), "1");
  EXPECT_EQ(read("link"), "2");
  EXPECT_EQ(read("latin\xe9"), "3");
  EXPECT_EQ(read("hits"), "4\n");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch.path() / "link"));
  auto mode = std::filesystem::status(scratch.path() / "run").permissions();
  EXPECT_NE(mode & std::filesystem::perms::owner_exec, std::filesystem::perms::none);
}

TEST_F(Tar, RefusesWhatLeadsOutOfItOrIsNoFile) {
  const std::vector<std::pair<Bytes, Error::Kind>> kCases{
      {entry("../x", '0', "1"), Error::Kind::invalid},
      {entry("a/../../x", '0', "1"), Error::Kind::invalid},
      {entry("/etc/x", '0', "1"), Error::Kind::invalid},
      {entry("hard", '1', {}, "not/there"), Error::Kind::invalid},
      {entry("hard", '1', {}, "../x"), Error::Kind::invalid},
      {entry("pipe", '6'), Error::Kind::unsupported},
      {entry("device", '3'), Error::Kind::unsupported},
      {entry(".", '0', "1"), Error::Kind::invalid},
      {entry("a", '0', Bytes(5000, 'x')).substr(0, 1000), Error::Kind::invalid},
      {Bytes(2000, 'x'), Error::Kind::invalid},
  };
  for (const auto& [archive, kind] : kCases) {
    auto imported = import(archive + (archive.size() % 512 == 0 ? kEnd : Bytes()));
    ASSERT_FALSE(imported) << archive.substr(0, 20);
    EXPECT_EQ(imported.error().kind, kind) << imported.error().message;
  }
  EXPECT_FALSE(*main_.head());
}

TEST_F(Tar, RefusesToWriteNamesThatAFileSystemFolds) {
  for (const auto& [one, two] : std::vector<std::pair<Bytes, Bytes>>{
           {"d/Makefile", "d/makefile"}, {"x", "x."}, {"y", "y "}, {"A/b", "a/c"}}) {
    ASSERT_TRUE(main_.transact([&](Tx& tx) {
      tx.remove("");
      tx.set(one, "1");
      tx.set(two, "2");
    }));
    BytesSink out;
    auto exported = export_to(out);
    ASSERT_FALSE(exported) << one;
    EXPECT_EQ(exported.error().kind, Error::Kind::invalid);
    EXPECT_EQ(out.bytes(), "");
  }
  ASSERT_TRUE(main_.transact([&](Tx& tx) {
    tx.remove("");
    tx.set("a/..", "1");
  }));
  BytesSink out;
  EXPECT_FALSE(export_to(out));
}

TEST_F(Tar, ConflictsAreListedAndNothingIsWritten) {
  ASSERT_TRUE(main_.set("a", "0"));
  Branch other = *main_.fork("other");
  ASSERT_TRUE(main_.set("a", "1"));
  ASSERT_TRUE(other.set("a", "2"));
  ASSERT_TRUE(main_.merge(other));
  BytesSink out;
  EXPECT_EQ(*export_to(out), std::vector<Bytes>{"a"});
  EXPECT_EQ(out.bytes(), "");
}

}  // namespace
}  // namespace ukstore::tests
