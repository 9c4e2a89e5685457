// What the commands promise beyond their examples.
#include <ukstore/tests/cli/terminal.h>

#include <gtest/gtest.h>

namespace ukstore::cli::tests {
namespace {

class Commands : public testing::Test {
 protected:
  Commands() { terminal_.must({"init"}); }
  Terminal terminal_;
};

TEST_F(Commands, SettingWhatIsThereMakesNoCommit) {
  const std::string head = terminal_.must({"set", "a", "1"});
  EXPECT_EQ(terminal_.must({"set", "a", "1"}), head);
  const auto object = json_lines(terminal_.must({"set", "a", "1", "--json"})).at(0);
  EXPECT_TRUE(object.at("commit").is_null());
  EXPECT_EQ(object.at("head"), head);
  for (const std::string type : {"counter", "flag", "set"}) {
    const std::string value = type == "counter" ? "0" : type == "flag" ? "on" : "x\ny\n";
    const std::string made = terminal_.must({"set", type, value, "--type", type});
    EXPECT_EQ(terminal_.must({"set", type, value}), made) << type;
  }
}

TEST_F(Commands, WithoutATypeThePathKeepsItsOwn) {
  terminal_.must({"set", "hits", "5", "--type", "counter"});
  terminal_.must({"set", "hits", "7"});
  EXPECT_EQ(terminal_.must({"get", "hits", "--with-type"}), "counter\n7");
  terminal_.must({"set", "hits", "x", "--type", "bytes"});
  EXPECT_EQ(terminal_.must({"get", "hits", "--with-type"}), "bytes\nx");
}

TEST_F(Commands, EachTypePrintsAsItIsPromised) {
  terminal_.must({"set", "r", "one", "--type", "register"});
  terminal_.must({"set", "m", "one", "--type", "mvregister"});
  terminal_.must({"op", "flag", "f", "enable"});
  terminal_.must({"op", "set", "s", "add", "b", "a"});
  terminal_.must({"op", "map", "k", "put", "key", "value"});
  terminal_.must({"op", "log", "l", "append", "first", "second"});
  EXPECT_EQ(terminal_.must({"get", "r"}), "one");
  EXPECT_EQ(terminal_.must({"get", "m"}), "one");
  EXPECT_EQ(terminal_.must({"get", "f"}), "on");
  EXPECT_EQ(terminal_.must({"get", "s"}), "a\nb");
  EXPECT_EQ(terminal_.must({"get", "k"}), "key");
  EXPECT_EQ(terminal_.must({"get", "k/key"}), "value");
  EXPECT_EQ(terminal_.must({"get", "l"}), "first\nsecond");
  EXPECT_EQ(json_lines(terminal_.must({"get", "l", "--json"})).at(0).at("value").size(), 2u);
}

TEST_F(Commands, BytesComeOutAsTheyWentIn) {
  std::string bytes("\0\xff\n\x1b[31m", 8);
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  terminal_.must({"set", "b", "-"}, bytes);
  EXPECT_EQ(terminal_.run({"get", "b"}).out, bytes);
  const auto object = json_lines(terminal_.must({"get", "b", "--json"})).at(0);
  EXPECT_EQ(take_bytes(object, "value"), bytes);
}

TEST_F(Commands, NamesThatAreNoUtf8AreEscapedOrBase64) {
  terminal_.must({"set", "a/\xff", "1"});
  EXPECT_EQ(terminal_.must({"ls", "-r"}), "a/\\xff");
  const auto object = json_lines(terminal_.must({"ls", "-r", "--json"})).at(0);
  EXPECT_EQ(object.at("path_base64"), to_base64("a/\xff"));
  EXPECT_FALSE(object.contains("path"));
}

TEST_F(Commands, ListingsGoOnBehindAKey) {
  for (const std::string path : {"a/1", "a/2", "b", "c/d/1", "c/d/2", "c/e"}) {
    terminal_.must({"set", path, "x"});
  }
  EXPECT_EQ(terminal_.must({"ls", "--after", "a"}), "b\nc/");
  EXPECT_EQ(terminal_.must({"ls", "-r", "--after", "a/1", "--limit", "3"}), "a/2\nb\nc/d/1");
  EXPECT_EQ(terminal_.must({"ls", "-r", "--after", "c/d/1"}), "c/d/2\nc/e");
  EXPECT_EQ(terminal_.must({"ls", "c", "-r", "--after", "d"}), "c/d/1\nc/d/2\nc/e");
}

TEST_F(Commands, ABatchIsOneCommitAndSeesItsOwnWrites) {
  terminal_.must(
      {"batch", "-m", "many"},
      "{\"op\":\"set\",\"path\":\"n\",\"type\":\"counter\",\"value\":4}\n"
      "{\"op\":\"op\",\"type\":\"counter\",\"path\":\"n\",\"verb\":\"add\",\"args\":[3]}\n"
      "{\"op\":\"set\",\"path\":\"n2\",\"value\":\"x\"}\n"
      "{\"op\":\"rm\",\"path\":\"n2\"}\n"
      "{\"op\":\"op\",\"type\":\"set\",\"path\":\"n2\",\"verb\":\"add\",\"args\":"
      "[\"a\",{\"base64\":\"/w==\"}]}\n");
  EXPECT_EQ(terminal_.must({"get", "n"}), "7");
  EXPECT_EQ(terminal_.must({"get", "n2"}), "a\n\\xff");
  EXPECT_EQ(json_lines(terminal_.must({"log", "--json"})).size(), 1u);
}

TEST_F(Commands, MergesTellTheirResultInOneWord) {
  terminal_.must({"set", "a", "0"});
  terminal_.must({"branch", "create", "draft"});
  const auto result = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"merge", "draft", "--json"});
    const Outcome outcome = terminal_.run(more);
    const Json object = json_lines(outcome.out).at(0);
    return object.at("result").get<std::string>() + " " + std::to_string(outcome.exit) + " " +
           std::to_string(object.at("conflicts").size());
  };
  EXPECT_EQ(result({}), "up-to-date 0 0");
  terminal_.must({"set", "b", "1", "--branch", "draft"});
  EXPECT_EQ(result({"--dry-run"}), "fast-forward 0 0");
  EXPECT_EQ(result({}), "fast-forward 0 0");
  terminal_.must({"set", "a", "1"});
  terminal_.must({"set", "a", "2", "--branch", "draft"});
  const std::string root = terminal_.root();
  EXPECT_EQ(result({"--dry-run"}), "merged 4 1");
  EXPECT_EQ(result({"--on-conflict", "fail"}), "refused 4 1");
  EXPECT_EQ(terminal_.root(), root);
  EXPECT_EQ(result({}), "merged 4 1");
  EXPECT_EQ(terminal_.run({"get", "a"}).exit, 4);
  terminal_.must({"undo"});
  EXPECT_EQ(result({"--on-conflict", "theirs"}), "merged 0 1");
  EXPECT_EQ(terminal_.must({"get", "a"}), "2");
}

TEST_F(Commands, AMergeByWhatChangedTakesTheChangeBesideWhatWasWrittenBack) {
  terminal_.must({"set", "a", "0"});
  terminal_.must({"set", "b", "0"});
  terminal_.must({"branch", "create", "draft"});
  terminal_.must({"set", "a", "1"});
  terminal_.must({"set", "a", "0"});
  terminal_.must({"set", "a", "2", "--branch", "draft"});
  EXPECT_EQ(terminal_.run({"merge", "draft", "--dry-run"}).exit, 4);
  const std::string explained =
      terminal_.must({"merge", "draft", "--on-conflict", "changed", "--explain"});
  EXPECT_TRUE(explained.starts_with("a  by changed\n")) << explained;
  EXPECT_EQ(terminal_.must({"get", "a"}), "2");
  terminal_.must({"set", "b", "ours"});
  terminal_.must({"set", "b", "theirs", "--branch", "draft"});
  const Outcome both = terminal_.run({"merge", "draft", "--on-conflict", "changed"});
  EXPECT_EQ(both.exit, 4);
  EXPECT_NE(both.out.find("conflict  b"), std::string::npos) << both.out;
  EXPECT_EQ(terminal_.run({"get", "b"}).exit, 4);
}

TEST_F(Commands, AConflictIsSettledByItsTermOrByAValue) {
  terminal_.must({"set", "a", "0"});
  terminal_.must({"branch", "create", "draft"});
  terminal_.must({"set", "a", "1"});
  terminal_.must({"set", "a", "x", "--branch", "draft"});
  terminal_.must({"set", "a", "2", "--branch", "draft"});
  EXPECT_EQ(terminal_.run({"merge", "draft"}).exit, 4);
  const Outcome shown = terminal_.run({"get", "a"});
  EXPECT_EQ(shown.exit, 4);
  EXPECT_EQ(shown.out, "bytes \"1\"\nbytes \"2\"\n");
  const auto terms = json_lines(terminal_.run({"conflicts", "--json"}).out).at(0).at("terms");
  EXPECT_EQ(terms.at(1).at("value"), "2");
  terminal_.must({"resolve", "a", "--term", "2"});
  EXPECT_EQ(terminal_.must({"get", "a"}), "2");
  terminal_.must({"undo"});
  terminal_.must({"resolve", "a", "both"});
  EXPECT_EQ(terminal_.must({"get", "a"}), "both");
  EXPECT_EQ(terminal_.run({"conflicts"}).exit, 0);
}

TEST_F(Commands, ThePastIsReadByRevision) {
  const std::string first = terminal_.must({"set", "a", "1"});
  terminal_.must({"set", "a", "2"});
  terminal_.must({"tag", "create", "v2", "-m", "the second"});
  terminal_.must({"set", "a", "3"});
  EXPECT_EQ(terminal_.must({"get", "a", "--at", first}), "1");
  EXPECT_EQ(terminal_.must({"get", "a", "--at", first.substr(0, 8)}), "1");
  EXPECT_EQ(terminal_.must({"get", "a", "--at", "main~2"}), "1");
  EXPECT_EQ(terminal_.must({"get", "a", "--at", "v2"}), "2");
  EXPECT_EQ(terminal_.must({"get", "a", "--at", "v2^"}), "1");
  EXPECT_EQ(terminal_.must({"merge-base", "v2", "main"}),
            json_lines(terminal_.must({"log", "v2", "-n", "1", "--json"})).at(0).at("commit"));
}

TEST_F(Commands, AHeadThatUndoTookAwayIsFoundByItsPrefix) {
  terminal_.must({"set", "a", "1"});
  const std::string lost = terminal_.must({"set", "a", "2"});
  terminal_.must({"undo"});
  EXPECT_EQ(terminal_.must({"get", "a", "--at", lost.substr(0, 10)}), "2");
}

TEST_F(Commands, ReplaysAreRefusedWhereTheyWouldCountTwice) {
  terminal_.must({"op", "counter", "n", "add", "1"});
  terminal_.must({"branch", "create", "draft"});
  terminal_.must({"op", "counter", "n", "add", "5", "--branch", "draft"});
  EXPECT_EQ(terminal_.run({"cherry-pick", "draft"}).exit, 1);
  EXPECT_EQ(terminal_.must({"get", "n"}), "1");
  terminal_.must({"cherry-pick", "draft", "--again"});
  EXPECT_EQ(terminal_.must({"get", "n"}), "6");
  terminal_.must({"reset", "main~1"});
  EXPECT_EQ(terminal_.must({"get", "n"}), "1");
}

TEST_F(Commands, AStoreIsFoundFromBelowAndByItsVariable) {
  terminal_.must({"set", "a", "1"});
  std::filesystem::create_directories(terminal_.folder() / "deep/er");
  EXPECT_EQ(terminal_.must({"-C", "deep/er", "get", "a"}), "1");
  EXPECT_EQ(terminal_.shell("cd deep/er && ukstore get a").out, "1");
  terminal_.must({"init", "other"});
  terminal_.set("UKSTORE_STORE", "other/.ukstore");
  EXPECT_EQ(terminal_.run({"get", "a"}).exit, 5);
  EXPECT_EQ(terminal_.must({"get", "a", "--store", ".ukstore"}), "1");
}

TEST_F(Commands, AWatchSeesWhatOthersWriteAndRunsACommand) {
  terminal_.must({"set", "a", "1"});
  const std::string head = terminal_.must({"set", "b/c", "2"});
  terminal_.must({"op", "counter", "b/n", "add", "2"});
  EXPECT_EQ(masked(terminal_.must({"watch", "b", "--since-journal", "0", "-n", "2"})),
            "2 main HASH b/c\n3 main HASH b/n");
  EXPECT_EQ(terminal_
                .shell("ukstore watch --since " + head +
                       " -n 1 --exec 'echo $UKSTORE_PATH' --json | tail -n 1")
                .out,
            "b/n\n");
  // One that waits already, or begins late: either way it sees the fourth change.
  EXPECT_EQ(terminal_
                .shell("ukstore watch --since-journal 0 -n 4 > seen & "
                       "ukstore set d 4 --quiet; wait; cut -d' ' -f 4 seen | tail -n 1")
                .out,
            "d\n");
}

TEST_F(Commands, SetsLeftOpenByNoSyncAreThereAfterTheCommand) {
  terminal_.must({"set", "a", "1", "--no-sync"});
  EXPECT_EQ(terminal_.must({"get", "a"}), "1");
  terminal_.expect_clean();
}

TEST_F(Commands, ColoursComeOnlyWhenWanted) {
  terminal_.must({"set", "a", "1"});
  EXPECT_EQ(terminal_.must({"log"}).find('\x1b'), std::string::npos);
  EXPECT_NE(terminal_.must({"log", "--color", "always"}).find('\x1b'), std::string::npos);
  terminal_.set("NO_COLOR", "1");
  EXPECT_EQ(terminal_.must({"log", "--color", "auto"}).find('\x1b'), std::string::npos);
}

TEST_F(Commands, ProgressIsPlainOrJsonWhenAskedFor) {
  // Nothing takes 300 ms here, so nothing is said; and nothing is said unasked.
  for (const std::string how : {"plain", "json", "none", "auto"}) {
    EXPECT_EQ(terminal_.run({"fsck", "--progress", how}).err, "") << how;
  }
}

TEST_F(Commands, ABundleThatWentAnotherWayIsPutAside) {
  terminal_.must({"set", "a", "1"});
  terminal_.must({"backup", "all"});
  terminal_.must({"--store", "b", "restore", "all"});
  terminal_.must({"set", "a", "2"});
  terminal_.must({"bundle", "create", "new", "main", "--since", "main~1"});
  terminal_.must({"--store", "b", "set", "c", "3"});
  const auto landed =
      json_lines(terminal_.must({"--store", "b", "bundle", "apply", "new", "--json"})).at(0);
  EXPECT_EQ(landed.at("result"), "diverged");
  EXPECT_EQ(landed.at("branch"), "bundle/main");
  terminal_.must({"--store", "b", "merge", "bundle/main"});
  EXPECT_EQ(terminal_.must({"--store", "b", "get", "a"}), "2");
  // A backup does not move what went on, unless told so.
  EXPECT_EQ(terminal_.run({"--store", "b", "restore", "all"}).exit, 1);
  terminal_.must({"--store", "b", "restore", "all", "--force"});
  EXPECT_EQ(terminal_.must({"--store", "b", "get", "a"}), "1");
  terminal_.must({"--store", "b", "undo"});
  EXPECT_EQ(terminal_.must({"--store", "b", "get", "a"}), "2");
}

TEST_F(Commands, AThousandCommandsShareOneReplicaId) {
  // A counter folds what its own writer wrote into one entry: two commands, one entry.
  for (int i = 0; i < 5; ++i) terminal_.must({"op", "counter", "n", "add", "1"});
  const auto listed = json_lines(terminal_.must({"ls", "--json"})).at(0);
  EXPECT_EQ(listed.at("type"), "counter");
  EXPECT_LE(listed.at("count").get<int>(), 5);
  EXPECT_EQ(terminal_.must({"get", "n"}), "5");
}

}  // namespace
}  // namespace ukstore::cli::tests
