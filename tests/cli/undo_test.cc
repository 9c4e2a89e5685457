// Undo and redo: a long way back and forth again.
#include <ukstore/tests/cli/terminal.h>
#include <ukstore/tests/counts.h>

#include <gtest/gtest.h>

#include <random>

namespace ukstore::cli::tests {
namespace {

using Words = std::vector<std::string>;

// What a store holds: all branches with their heads, and the roots.
std::string picture(Terminal& terminal) {
  const Json status = json_lines(terminal.must({"status", "--json"})).at(0);
  return status.at("tree").dump() + status.at("branches").dump();
}

class Mutations {
 public:
  Words next() {
    const std::string path = "d" + pick(4) + "/p" + pick(6);
    const std::string branch = pick(3) == "0" ? "draft" : "main";
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
        return {"set", path, "v" + pick(1000), "--type", "bytes", "--branch", branch};
      case 3:
        return {"rm", path, "--branch", branch};
      case 4:
        return {"op", "counter", "hits", "add", "1" + pick(9), "--branch", branch};
      case 5:
        return {"op", "set", "tags", "add", "t" + pick(50), "--branch", branch};
      case 6:
        return {"op", "log", "events", "append", "e" + pick(1000), "--branch", branch};
      case 7:
        return {"op", "flag", "on", random_() % 2 ? "enable" : "disable", "--branch", branch};
      case 8:
        return {"branch", "create", "b" + pick(5)};
      case 9:
        return {"branch", "delete", "b" + pick(5)};
      case 10:
        return {"merge", "draft"};
      default:
        return {"mv", path, "moved/q" + pick(5), "--branch", branch};
    }
  }

 private:
  std::string pick(uint64_t below) { return std::to_string(random_() % below); }
  std::mt19937_64 random_{4};
};

TEST(Undo, TwoHundredMutationsGoBackStepByStepAndForthAgain) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "first", "1"});
  terminal.must({"branch", "create", "draft"});
  const size_t wanted = static_cast<size_t>(ukstore::tests::count(200, 2000));
  std::vector<std::string> pictures{picture(terminal)};
  std::string journal = terminal.must({"journal", "-n", "1", "--json"});
  Mutations mutations;
  while (pictures.size() <= wanted) {
    terminal.run(mutations.next());  // some find nothing to do: only what moves a head counts
    const std::string now = terminal.must({"journal", "-n", "1", "--json"});
    if (now == journal) continue;
    journal = now;
    pictures.push_back(picture(terminal));
  }
  for (size_t i = wanted; i-- > 0;) {
    terminal.must({"undo"});
    ASSERT_EQ(picture(terminal), pictures[i]) << "after undoing back to " << i;
  }
  for (size_t i = 1; i <= wanted; ++i) {
    terminal.must({"redo"});
    ASSERT_EQ(picture(terminal), pictures[i]) << "after doing again up to " << i;
  }
  EXPECT_EQ(terminal.run({"redo"}).exit, 5);
  terminal.expect_clean();
}

TEST(Undo, ThePastOfTheJournalCanBeRead) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "a", "1"});
  terminal.must({"set", "a", "2"});
  terminal.must({"branch", "create", "draft"});
  terminal.must({"branch", "delete", "draft"});
  EXPECT_EQ(terminal.must({"get", "a", "--at-journal", "1"}), "1");
  EXPECT_EQ(terminal.must({"get", "a", "--at-journal", "2"}), "2");
  EXPECT_EQ(terminal.must({"get", "a", "--branch", "draft", "--at-journal", "3"}), "2");
  EXPECT_EQ(terminal.run({"get", "a", "--branch", "draft"}).exit, 5);
  EXPECT_EQ(terminal.run({"get", "a", "--at-journal", "0"}).exit, 5);
}

TEST(Undo, TheJournalHoldsTheCommandLine) {
  Terminal terminal;
  terminal.must({"init"});
  terminal.must({"set", "notes/today", "it's late"});
  const Json entry = json_lines(terminal.must({"journal", "--json"})).at(0);
  EXPECT_EQ(entry.at("command"), R"(ukstore set notes/today 'it'\''s late')");
  EXPECT_EQ(entry.at("changes").at(0).at("branch"), "main");
}

}  // namespace
}  // namespace ukstore::cli::tests
