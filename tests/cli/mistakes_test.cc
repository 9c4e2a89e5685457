// Mistakes at the command line: each names the word, gives a hint and the documented exit code, and
// loses nothing.
#include <ukstore/images/ukstore/failure.h>
#include <ukstore/tests/cli/terminal.h>

#include <gtest/gtest.h>

#include <fstream>

namespace ukstore::cli::tests {
namespace {

struct Mistake {
  std::vector<std::string> words;
  Exit exit;
  std::string names;  // what the first line must hold: the user's own word
  std::string hint;   // what one of the hints must hold
  std::string input = "";
};

const std::vector<Mistake> kMistakes = {
    // Commands.
    {{"gte", "notes/today"}, Exit::usage, "\"gte\"", "did you mean \"get\"?"},
    {{"stauts"}, Exit::usage, "\"stauts\"", "did you mean \"status\"?"},
    {{"cherrypick", "draft"}, Exit::usage, "\"cherrypick\"", "did you mean \"cherry-pick\"?"},
    {{"merge_base", "a", "b"}, Exit::usage, "\"merge_base\"", "did you mean \"merge-base\"?"},
    {{"frobnicate"}, Exit::usage, "\"frobnicate\"", "ukstore help"},
    {{"branch", "craete", "x"}, Exit::usage, "\"craete\"", "did you mean \"create\"?"},
    {{"bundle"}, Exit::usage, "\"bundle\"", "create, apply"},
    {{"tag", "remove", "v1"}, Exit::usage, "\"remove\"", "list, create, delete"},
    {{"help", "mrege"}, Exit::usage, "\"mrege\"", "did you mean \"merge\"?"},
    // Options.
    {{"set", "a", "1", "--tpye", "bytes"}, Exit::usage, "\"--tpye\"", "did you mean \"--type\"?"},
    {{"get", "notes/today", "--jsno"}, Exit::usage, "\"--jsno\"", "did you mean \"--json\"?"},
    {{"log", "-x"}, Exit::usage, "\"-x\"", "ukstore log --help"},
    {{"log", "-n"}, Exit::usage, "\"-n\"", "-n N"},
    {{"log", "-n", "many"}, Exit::usage, "\"many\"", "10"},
    {{"ls", "--limit", "-3"}, Exit::usage, "\"-3\"", "--limit 10"},
    {{"get", "notes/today", "--raw=yes"}, Exit::usage, "\"--raw=yes\"", "--raw"},
    {{"status", "--color", "sometimes"}, Exit::usage, "\"sometimes\"", "auto, always, never"},
    {{"merge", "draft", "--on-conflict", "thiers"}, Exit::usage, "\"thiers\"", "\"theirs\"?"},
    {{"status", "--progress", "jsn"}, Exit::usage, "\"jsn\"", "did you mean \"json\"?"},
    {{"--store"}, Exit::usage, "\"--store\"", "--store DIR"},
    {{"set", "x", "1", "--at", "main"}, Exit::usage, "\"main\"", "ukstore branch create"},
    {{"rm", "notes/today", "--at-journal", "1"}, Exit::usage, "\"1\"", "ukstore branch create"},
    // Words too few or too many.
    {{"get"}, Exit::usage, "PATH", "usage: ukstore get PATH"},
    {{"set", "a"}, Exit::usage, "VALUE behind \"a\"", "usage: ukstore set PATH VALUE"},
    {{"set", "a", "buy", "milk"}, Exit::usage, "\"milk\"", "in quotes"},
    {{"mv", "notes"}, Exit::usage, "B behind \"notes\"", "usage: ukstore mv A B"},
    {{"op", "counter", "hits"}, Exit::usage, "VERB", "usage: ukstore op"},
    {{"resolve", "milk"}, Exit::usage, "\"milk\"", "--term"},
    {{"resolve", "milk", "x", "--term", "1"}, Exit::usage, "\"milk\"", "ukstore get milk"},
    // Paths.
    {{"get", "notes/todya"}, Exit::not_found, "\"notes/todya\"", "\"notes/today\"?"},
    {{"get", "ntoes/today"}, Exit::not_found, "\"ntoes/today\"", "\"notes\"?"},
    {{"rm", "tag"}, Exit::not_found, "\"tag\"", "did you mean \"tags\"?"},
    {{"ls", "nots"}, Exit::not_found, "\"nots\"", "did you mean \"notes\"?"},
    {{"get", "notes//today"}, Exit::user_error, "\"notes//today\"", "joined by slashes"},
    {{"set", std::string(300, 'x'), "1"}, Exit::user_error, "xxxx", "1 to 255 bytes"},
    {{"get", "/"}, Exit::user_error, "\"/\"", "notes/today"},
    {{"get", "notes"}, Exit::user_error, "\"notes\"", "ukstore ls notes"},
    {{"mv", "notes", "notes/old"}, Exit::user_error, "\"notes/old\"", "ukstore mv notes"},
    {{"mv", "notes/today", "hits"}, Exit::user_error, "\"hits\"", "ukstore rm hits"},
    {{"mv", "milk", "oats"}, Exit::conflict, "\"milk\"", "ukstore resolve milk"},
    {{"blame", "hist"}, Exit::not_found, "\"hist\"", "did you mean \"hits\"?"},
    {{"diff", "main", "draft", "tgas"}, Exit::not_found, "\"tgas\"", "did you mean \"tags\"?"},
    // Branches, tags and revisions.
    {{"get", "hits", "--branch", "mian"}, Exit::not_found, "\"mian\"", "did you mean \"main\"?"},
    {{"merge", "drfat"}, Exit::not_found, "\"drfat\"", "did you mean \"draft\"?"},
    {{"branch", "delete", "darft"}, Exit::not_found, "\"darft\"", "did you mean \"draft\"?"},
    {{"branch", "create", "draft"}, Exit::user_error, "\"draft\"", "ukstore branch delete draft"},
    {{"branch", "create", "a//b"}, Exit::user_error, "\"a//b\"", "alice/draft"},
    {{"branch", "rename", "draft", "main"}, Exit::user_error, "\"main\"", "another name"},
    {{"tag", "delete", "v2"}, Exit::not_found, "\"v2\"", "did you mean \"v1\"?"},
    {{"show", "main~99"}, Exit::not_found, "\"main~99\"", "ukstore log"},
    {{"show", "main^7"}, Exit::not_found, "\"main^7\"", "ukstore log"},
    {{"show", "main~99999999999999999999"}, Exit::not_found, "\"main~999", "ukstore log"},
    {{"log", "deadbeef"}, Exit::not_found, "\"deadbeef\"", "ukstore log"},
    {{"show", "dead"}, Exit::not_found, "\"dead\"", "ukstore branch"},
    {{"diff", "main", "mainn"}, Exit::not_found, "\"mainn\"", "did you mean \"main\"?"},
    {{"get", "hits", "--at", "HAED"}, Exit::not_found, "\"HAED\"", "ukstore branch"},
    {{"status", "--at-journal", "999"}, Exit::not_found, "\"999\"", "ukstore journal"},
    {{"bundle", "create", "out", "dratf"}, Exit::not_found, "\"dratf\"", "\"draft\"?"},
    {{"watch", "--since", "v9"}, Exit::not_found, "\"v9\"", "did you mean \"v1\"?"},
    {{"watch", "--since-journal", "999"}, Exit::not_found, "\"999\"", "ukstore journal"},
    {{"redo"}, Exit::not_found, "redo", "ukstore journal"},
    // Values and types.
    {{"set", "hits", "many"}, Exit::user_error, "\"many\"", "--type bytes"},
    {{"set", "on", "perhaps", "--type", "flag"}, Exit::user_error, "\"perhaps\"", "--type bytes"},
    {{"set", "a", "1", "--type", "conter"}, Exit::usage, "\"conter\"", "\"counter\"?"},
    {{"op", "counter", "tags", "add", "1"}, Exit::user_error, "\"tags\"", "ukstore help op"},
    {{"op", "set", "notes/today", "add", "x"}, Exit::user_error, "\"notes/today\"", "help op"},
    {{"op", "counter", "hits", "ad", "1"}, Exit::usage, "\"ad\"", "did you mean \"add\"?"},
    {{"op", "counter", "hits", "add", "1.5"}, Exit::user_error, "\"1.5\"", "add 3"},
    {{"op", "counter", "hits", "add"}, Exit::usage, "\"counter add\"", "ukstore op counter PATH"},
    {{"op", "counter", "hits", "reset", "5"}, Exit::usage, "\"5\"", "ukstore op counter PATH"},
    {{"op", "contuer", "hits", "add", "1"}, Exit::usage, "\"contuer\"", "\"counter\"?"},
    {{"op", "bytes", "notes/today", "add", "1"}, Exit::usage, "\"add\"", "ukstore set"},
    {{"set", "events", "x"}, Exit::user_error, "\"events\"", "ukstore help op"},
    {{"resolve", "milk", "--term", "9"}, Exit::user_error, "\"9\"", "ukstore get milk"},
    {{"resolve", "hits", "5"}, Exit::user_error, "\"hits\"", "ukstore conflicts"},
    {{"merge", "other", "--on-conflict", "fail"}, Exit::conflict, "\"other\"", "ukstore merge"},
    {{"cherry-pick", "counted"}, Exit::user_error, "\"counted\"", "--again"},
    {{"cherry-pick", "main"}, Exit::user_error, "\"main\"", "--parent"},
    // Streams.
    {{"batch"}, Exit::user_error, "{broken", "help batch", "{broken\n"},
    {{"batch"},
     Exit::user_error,
     "line 2",
     "a line looks like",
     "{\"op\":\"set\",\"path\":\"a\",\"value\":\"1\"}\n{\"op\":\"set\",\"path\":\"b\",\"val"},
    {{"batch"},
     Exit::user_error,
     "\"ste\"",
     "did you mean \"set\"?",
     "{\"op\":\"ste\",\"path\":\"a\"}\n"},
    {{"batch"}, Exit::user_error, "\"path\"", "help batch", "{\"op\":\"rm\"}\n"},
    {{"batch"}, Exit::user_error, "[1,2]", "help batch", "[1,2]\n"},
    {{"batch"},
     Exit::user_error,
     "\"!!\"",
     "base64",
     "{\"op\":\"set\",\"path\":\"a\",\"value_base64\":\"!!\"}\n"},
    {{"batch"},
     Exit::user_error,
     "line 2",
     "help op",
     "{\"op\":\"set\",\"path\":\"new\",\"value\":\"1\"}\n"
     "{\"op\":\"op\",\"type\":\"set\",\"path\":\"hits\",\"verb\":\"add\",\"args\":[1]}\n"},
    {{"restore", "-"}, Exit::corrupt, "\"-\"", "ukstore backup", "no backup at all"},
    {{"restore", "half"}, Exit::corrupt, "\"half\"", "ukstore backup"},
    {{"bundle", "apply", "nowhere"}, Exit::not_found, "\"nowhere\"", "ls -ld"},
    {{"backup", "no/such/folder/file"}, Exit::not_found, "folder/file", "ls -ld"},
    {{"backup", "/dev/full"}, Exit::full, "\"/dev/full\"", "df -h"},
    // Places.
    {{"init"}, Exit::user_error, ".ukstore", "status"},
    {{"--store", "elsewhere", "status"}, Exit::no_store, "elsewhere", "ukstore init"},
    {{"-C", "no-such-folder", "status"}, Exit::user_error, "no-such-folder", "ls"},
    {{"-C", "/", "status"}, Exit::no_store, "\"/\"", "ukstore init"},
};

// Branches main, draft, other; a tag; values of some types; a conflict; half a backup.
void furnish(Terminal& terminal) {
  terminal.must({"init"});
  terminal.must({"set", "notes/today", "hi"});
  terminal.must({"set", "milk", "none"});
  terminal.must({"op", "set", "tags", "add", "red"});
  terminal.must({"op", "log", "events", "append", "born"});
  terminal.must({"branch", "create", "draft"});
  terminal.must({"set", "milk", "oat"});
  terminal.must({"set", "milk", "soy", "--branch", "draft"});
  EXPECT_EQ(terminal.run({"merge", "draft"}).exit, 4);
  terminal.must({"tag", "create", "v1"});
  terminal.must({"branch", "create", "other", "draft"});
  terminal.must({"set", "milk", "rice", "--branch", "other"});
  terminal.must({"branch", "create", "counted", "draft"});
  terminal.must({"op", "counter", "hits", "add", "3", "--branch", "counted"});
  terminal.must({"backup", "whole"});
  std::filesystem::resize_file(terminal.folder() / "whole",
                               std::filesystem::file_size(terminal.folder() / "whole") / 2);
  std::filesystem::rename(terminal.folder() / "whole", terminal.folder() / "half");
}

std::string line_of(const Mistake& mistake) {
  std::string line = "ukstore";
  for (const std::string& word : mistake.words) line += " " + word;
  return line + (mistake.input.empty() ? "" : " < " + mistake.input);
}

TEST(Mistakes, EachNamesTheWordGivesAHintAndTheExitCodeAndLosesNothing) {
  Terminal terminal;
  furnish(terminal);
  // Two that need their own stage: hits as a counter on main, and main at a merge.
  terminal.must({"op", "counter", "hits", "add", "1", "--branch", "side"});
  terminal.must({"merge", "side"});
  ASSERT_GE(kMistakes.size(), 60u);
  const std::string root = terminal.root();
  const std::string journal = terminal.must({"journal"});
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(line_of(mistake));
    const Outcome outcome = terminal.run(mistake.words, mistake.input);
    EXPECT_EQ(outcome.exit, static_cast<int>(mistake.exit)) << outcome.err;
    const std::string first = outcome.err.substr(0, outcome.err.find('\n'));
    EXPECT_TRUE(first.starts_with("error: ")) << outcome.err;
    EXPECT_NE(first.find(mistake.names), std::string::npos) << outcome.err;
    const size_t hints = outcome.err.find("\nhint: ");
    ASSERT_NE(hints, std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(mistake.hint, hints), std::string::npos) << outcome.err;
    EXPECT_EQ(terminal.root(), root);
    EXPECT_EQ(terminal.must({"journal"}), journal);
  }
  terminal.expect_clean();
}

TEST(Mistakes, UnderJsonTheLastLineOfStandardErrorSaysAllOfIt) {
  Terminal terminal;
  furnish(terminal);
  terminal.must({"op", "counter", "hits", "add", "1", "--branch", "side"});
  terminal.must({"merge", "side"});
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(line_of(mistake));
    auto words = mistake.words;
    words.insert(words.begin(), "--json");
    const Outcome outcome = terminal.run(words, mistake.input);
    json_lines(outcome.out);
    const auto objects = json_lines(outcome.err);
    ASSERT_FALSE(objects.empty());
    const Json& error = objects.back().at("error");
    EXPECT_EQ(error.at("exit"), static_cast<int>(mistake.exit)) << outcome.err;
    EXPECT_EQ(error.at("code"), word_of(mistake.exit));
    EXPECT_NE(error.at("message").get<std::string>().find(mistake.names), std::string::npos)
        << outcome.err;
    EXPECT_TRUE(error.at("causes").is_array());
    EXPECT_FALSE(error.at("hints").empty());
  }
}

TEST(Mistakes, WithoutAStoreAnywhereEachCommandSaysHowToMakeOne) {
  Terminal terminal;
  for (const auto& words : std::vector<std::vector<std::string>>{{"status"},
                                                                 {"get", "a"},
                                                                 {"set", "a", "1"},
                                                                 {"undo"},
                                                                 {"fsck"},
                                                                 {"merge", "draft"},
                                                                 {"batch"},
                                                                 {"watch"}}) {
    const Outcome outcome = terminal.run(words);
    EXPECT_EQ(outcome.exit, 10) << words[0];
    EXPECT_NE(outcome.err.find("hint: make one here: ukstore init"), std::string::npos)
        << outcome.err;
    EXPECT_TRUE(std::filesystem::is_empty(terminal.folder())) << words[0];
  }
}

}  // namespace
}  // namespace ukstore::cli::tests
