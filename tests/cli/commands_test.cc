// Every command has help, JSON and an example, and the reference page is what the program says.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/tests/cli/terminal.h>

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace ukstore::cli::tests {
namespace {

std::vector<const Command*> all_commands() {
  std::vector<const Command*> all;
  for (const Group& group : groups()) {
    for (const Command& command : group.commands) all.push_back(&command);
  }
  return all;
}

class EachCommand : public testing::TestWithParam<const Command*> {
 protected:
  // A store with what the example needs.
  void prepare() {
    const Outcome outcome =
        terminal_.shell("set -e\nukstore init --quiet\n" + std::string(GetParam()->example.before));
    ASSERT_EQ(outcome.exit, 0) << outcome.err;
  }
  Terminal terminal_;
};

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::istringstream in{std::string(name)};
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

TEST_P(EachCommand, HasHelpThatNamesItsUsageItsOptionsAndAnExample) {
  const Command& command = *GetParam();
  ASSERT_FALSE(command.summary.empty());
  ASSERT_TRUE(command.example.line.find("ukstore ") != std::string_view::npos);
  auto words = words_of(command.name);
  words.push_back("--help");
  const std::string help = terminal_.must(words);
  EXPECT_TRUE(help.find(std::string(command.summary)) != std::string::npos) << help;
  EXPECT_TRUE(help.find("usage: ukstore " + std::string(command.name)) != std::string::npos);
  EXPECT_TRUE(help.find(std::string(command.example.line)) != std::string::npos);
  for (const Option& option : command.options) {
    EXPECT_TRUE(help.find("--" + std::string(option.name)) != std::string::npos) << option.name;
    EXPECT_FALSE(option.summary.empty()) << option.name;
  }
  words.insert(words.begin(), "help");
  words.back() = "--json";
  const auto objects = json_lines(terminal_.must(words));
  ASSERT_GE(objects.size(), 1u);
  EXPECT_EQ(objects[0]["command"], command.name);
}

TEST_P(EachCommand, DoesWhatItsExampleShows) {
  const Example& example = GetParam()->example;
  prepare();
  const Outcome outcome = terminal_.shell(std::string(example.line));
  EXPECT_EQ(outcome.exit, static_cast<int>(example.exit)) << outcome.err;
  EXPECT_EQ(masked(outcome.out), example.shows) << example.line;
  EXPECT_FALSE(example.shows.empty()) << "an example that shows nothing says nothing";
  terminal_.expect_clean();
}

// The first command of the example that is the one in question, with --json; what it is piped into
// is left out.
std::string with_json(const Command& command) {
  std::string line(command.example.line);
  const std::string name = "ukstore " + std::string(command.name);
  size_t start = line.find(name);
  EXPECT_NE(start, std::string::npos) << line;
  // The options before the command's name.
  if (start == std::string::npos) return line;
  const std::string before = line.substr(0, start);
  line = line.substr(start);
  line = line.substr(0, std::min({line.find(" | "), line.find(" && "), line.size()}));
  for (size_t quiet; (quiet = line.find(" --quiet")) != std::string::npos;) line.erase(quiet, 8);
  // What goes before is either fed into it or done first.
  return before + line + " --json";
}

TEST_P(EachCommand, PrintsOnlyJsonObjectsUnderJson) {
  if (GetParam()->name == "backup" || GetParam()->name == "restore" ||
      GetParam()->name == "bundle apply") {
    return;  // TEST(Files, ...) has them: their examples name another store first
  }
  prepare();
  const Outcome outcome = terminal_.shell(with_json(*GetParam()));
  EXPECT_EQ(outcome.exit, static_cast<int>(GetParam()->example.exit)) << outcome.err;
  EXPECT_FALSE(json_lines(outcome.out).empty()) << with_json(*GetParam());
}

TEST(Files, BackupRestoreAndBundlesSpeakJson) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "a", "1"});
  EXPECT_EQ(json_lines(terminal.must({"backup", "all", "--json"}))[0]["commits"], 1);
  const auto restored = json_lines(terminal.must({"--store", "b", "restore", "all", "--json"}));
  EXPECT_EQ(restored.at(0)["result"], "restored");
  terminal.must({"bundle", "create", "new"});
  terminal.must({"--store", "c", "init"});
  const auto applied =
      json_lines(terminal.must({"--store", "c", "bundle", "apply", "new", "--json"}));
  EXPECT_EQ(applied.at(0)["result"], "created");
}

INSTANTIATE_TEST_SUITE_P(All, EachCommand, testing::ValuesIn(all_commands()), [](const auto& info) {
  std::string name(info.param->name);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

TEST(Contract, ThereIsEachOneThatItNames) {
  const auto names = command_names();
  for (const std::string name : {"init",
                                 "status",
                                 "set",
                                 "get",
                                 "ls",
                                 "tree",
                                 "rm",
                                 "mv",
                                 "op",
                                 "batch",
                                 "log",
                                 "show",
                                 "diff",
                                 "blame",
                                 "branch",
                                 "tag",
                                 "merge",
                                 "merge-base",
                                 "conflicts",
                                 "resolve",
                                 "revert",
                                 "reset",
                                 "cherry-pick",
                                 "journal",
                                 "undo",
                                 "redo",
                                 "backup",
                                 "restore",
                                 "bundle create",
                                 "bundle apply",
                                 "fsck",
                                 "stat",
                                 "watch",
                                 "help",
                                 "branch list",
                                 "branch create",
                                 "branch delete",
                                 "branch rename",
                                 "clone",
                                 "fetch",
                                 "pull",
                                 "push",
                                 "sync",
                                 "serve",
                                 "remote add",
                                 "remote remove",
                                 "remote list",
                                 "key show",
                                 "key list",
                                 "key trust",
                                 "acl list",
                                 "acl grant",
                                 "acl revoke"}) {
    EXPECT_TRUE(std::ranges::find(names, name) != names.end()) << name;
  }
}

TEST(Reference, DocsCliIsWhatTheProgramPrints) {
  std::ifstream file(std::string(UKSTORE_SOURCE_DIR) + "/docs/cli.md");
  std::stringstream page;
  page << file.rdbuf();
  Terminal terminal;
  EXPECT_TRUE(page.str() == terminal.run({"help", "--markdown"}).out)
      << "write it anew: build/release/ukstore help --markdown > docs/cli.md";
}

}  // namespace
}  // namespace ukstore::cli::tests
