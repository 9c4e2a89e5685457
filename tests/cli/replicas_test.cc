// Two stores and what travels between them, as their users see it.
#include <ukstore/tests/cli/background.h>

#include <gtest/gtest.h>

#include <csignal>

namespace ukstore::cli::tests {
namespace {

class Replicas : public testing::Test {
 protected:
  void SetUp() override {
    terminal_.must({"init"});
    terminal_.must({"op", "counter", "hits", "add", "1"});
    terminal_.must({"clone", ".", "other"});
  }
  void TearDown() override {
    terminal_.expect_clean();
    terminal_.must({"fsck", "--deep", "-C", "other"});
  }
  std::string head(const std::string& folder) {
    return json_lines(terminal_.must({"status", "--json", "-C", folder})).at(0).at("head");
  }
  void change_both() {
    terminal_.must({"op", "counter", "hits", "add", "10"});
    terminal_.must({"op", "counter", "hits", "add", "100", "-C", "other"});
  }
  Terminal terminal_;
};

TEST_F(Replicas, MeetByPullAndPushWhoeverBegins) {
  change_both();
  EXPECT_NE(terminal_.must({"pull", "-C", "other"}).find("main: merged "), std::string::npos);
  EXPECT_NE(terminal_.must({"push", "-C", "other"}).find("main: pushed "), std::string::npos);
  EXPECT_EQ(head("."), head("other"));
  EXPECT_EQ(terminal_.must({"get", "hits"}), "111");
  change_both();
  // A push to a branch that has gone on is merged there.
  EXPECT_NE(terminal_.must({"push", "-C", "other"}).find("merged there"), std::string::npos);
  EXPECT_EQ(terminal_.must({"get", "hits"}), "221");
  terminal_.must({"pull", "-C", "other"});
  EXPECT_EQ(head("."), head("other"));
  EXPECT_EQ(terminal_.must({"push", "-C", "other"}), "origin/main: up-to-date");
}

TEST_F(Replicas, AreShownAheadAndBehind) {
  change_both();
  terminal_.must({"set", "x", "1", "-C", "other"});
  terminal_.must({"fetch", "-C", "other"});
  const Json status = json_lines(terminal_.must({"status", "--json", "-C", "other"})).at(0);
  const Json remote = status.at("branches").at(0).at("remotes").at(0);
  EXPECT_EQ(remote.at("remote"), "origin");
  EXPECT_EQ(remote.at("head"), head("."));
  EXPECT_EQ(remote.at("ahead"), 2);
  EXPECT_EQ(remote.at("behind"), 1);
  EXPECT_EQ(status.at("remotes").at("origin"), (terminal_.folder() / ".ukstore").string());
  const auto rows = json_lines(terminal_.must({"branch", "list", "--json", "-C", "other"}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("remotes"), status.at("branches").at(0).at("remotes"));
  EXPECT_EQ(json_lines(terminal_.must({"branch", "list", "--all", "--json", "-C", "other"})).size(),
            2u);
  EXPECT_EQ(terminal_.must({"get", "hits", "--at", "origin/main", "-C", "other"}), "11");
}

TEST_F(Replicas, KeepConflictsAsValuesAndSayWhere) {
  terminal_.must({"set", "milk", "oat"});
  terminal_.must({"set", "milk", "soy", "-C", "other"});
  const Outcome outcome = terminal_.run({"pull", "--json", "-C", "other"});
  EXPECT_EQ(outcome.exit, 4) << outcome.err;
  const Json pulled = json_lines(outcome.out).at(0);
  EXPECT_EQ(pulled.at("result"), "merged");
  EXPECT_EQ(pulled.at("conflicts").at(0).at("path"), "milk");
  EXPECT_EQ(pulled.at("conflicts").at(0).at("terms").size(), 2u);
  terminal_.must({"resolve", "milk", "--term", "1", "-C", "other"});
  terminal_.must({"push", "-C", "other"});
  EXPECT_EQ(terminal_.must({"get", "milk"}), terminal_.must({"get", "milk", "-C", "other"}));
}

TEST_F(Replicas, UndoneAfterAPushIsUndoneByANewCommit) {
  terminal_.must({"set", "a", "1", "-C", "other"});
  terminal_.must({"push", "-C", "other"});
  const std::string pushed = head("other");
  terminal_.must({"undo", "-C", "other"});
  EXPECT_EQ(terminal_.run({"get", "a", "-C", "other"}).exit, 5);
  EXPECT_NE(head("other"), pushed);
  EXPECT_EQ(
      json_lines(terminal_.must({"log", "-n", "2", "--json", "-C", "other"})).at(1).at("commit"),
      pushed);
  // What the peer had of it does not come back.
  terminal_.must({"sync", "-C", "other"});
  EXPECT_EQ(terminal_.run({"get", "a"}).exit, 5);
  EXPECT_EQ(head("."), head("other"));
  // And the same of what was served: reset goes forward, too.
  terminal_.must({"reset", pushed});
  EXPECT_EQ(terminal_.must({"get", "a"}), "1");
  EXPECT_NE(head("."), pushed);
}

TEST_F(Replicas, AllBranchesTravelOnceAndByName) {
  for (const std::string name : {"draft", "plan"}) {
    terminal_.must({"branch", "create", name});
    terminal_.must({"set", "only/" + name, "1", "--branch", name});
  }
  terminal_.must({"pull", "--all", "-C", "other"});
  EXPECT_EQ(terminal_.must({"get", "only/plan", "--branch", "plan", "-C", "other"}), "1");
  terminal_.must({"clone", ".", "third", "--branch", "draft"});
  EXPECT_EQ(json_lines(terminal_.must({"branch", "list", "--json", "-C", "third"})).size(), 1u);
  terminal_.must({"branch", "create", "back", "-C", "other"});
  terminal_.must({"push", "--all", "-C", "other"});
  EXPECT_EQ(terminal_.must({"get", "hits", "--branch", "back"}), "1");
  // Nothing that only tracks a peer is offered to others.
  EXPECT_EQ(terminal_.must({"branch", "list", "-a", "-C", "other"}).find("remotes/origin/remotes"),
            std::string::npos);
}

TEST_F(Replicas, FollowEachOtherAndFindEachOtherAgain) {
  Serving served(terminal_, {"--anyone", "merge"});
  Background following(terminal_, {"sync", "--follow", "--json", "--trust-new", "-C", "other",
                                   served.bare_address()});
  const auto await = [&](const std::string& event, const std::string& branch,
                         const std::string& hash) {
    for (std::string line; !(line = following.line()).empty();) {
      const Json object = Json::parse(line);
      if (object.at("event") != event) continue;
      if (event != "moved") return;
      if (object.at("branch") == branch && object.at("head") == hash) return;
    }
    FAIL() << "it has ended: " << following.end().err;
  };
  await("connected", "", "");
  // What another process writes here travels there, and the other way round.
  terminal_.must({"set", "from-here", "1"});
  await("moved", "main", head("."));
  terminal_.must({"set", "from-there", "1", "-C", "other"});
  for (std::string line = served.process().line(); !line.empty(); line = served.process().line()) {
    if (line == "main " + head("other").substr(0, 12)) break;
  }
  EXPECT_EQ(terminal_.must({"get", "from-there"}), "1");
  EXPECT_EQ(head("."), head("other"));
  served.process().signal(SIGTERM);
  EXPECT_EQ(served.process().end().exit, 143);
  await("lost", "", "");
  change_both();
  Background again(terminal_, {"serve", "--anyone", "merge", "--listen",
                               "localhost:" + std::to_string(served.port())});
  ASSERT_TRUE(again.line().starts_with("uk://"));
  await("connected", "", "");
  while (head(".") != head("other")) again.line();
  EXPECT_EQ(terminal_.must({"get", "hits"}), "111");
  following.signal(SIGINT);
  EXPECT_EQ(following.end().exit, 130);
}

TEST_F(Replicas, KeysLieWhereOnlyTheOwnerReads) {
  for (const std::string folder : {".ukstore", "other/.ukstore"}) {
    const auto mode =
        std::filesystem::status(terminal_.folder() / folder / "data.mdb").permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  EXPECT_NE(terminal_.must({"key", "show"}), terminal_.must({"key", "show", "-C", "other"}));
  // A clone is a store of its own: nobody else has its key, and nothing of it travels.
  EXPECT_EQ(terminal_.must({"key", "show"}), terminal_.must({"key", "show"}));
}

}  // namespace
}  // namespace ukstore::cli::tests
