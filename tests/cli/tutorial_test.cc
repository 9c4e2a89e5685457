// docs/tutorial.md does what it shows, block by block.
#include <ukstore/tests/cli/terminal.h>

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

namespace ukstore::cli::tests {
namespace {

struct Shown {
  std::string command;
  std::string output;
};

// The commands of the page with what stands below each of them.
std::vector<Shown> commands_of(const std::string& page) {
  std::ifstream file(page);
  std::vector<Shown> commands;
  bool within = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      within = line == "```text";
    } else if (within && line.starts_with("$ ")) {
      commands.push_back({line.substr(2), ""});
    } else if (within && !commands.empty()) {
      commands.back().output += line + "\n";
    }
  }
  return commands;
}

// Hashes, dates and free ports differ from run to run, and so does the folder.
std::string without_chance(std::string text, const std::string& folder) {
  for (size_t at; (at = text.find(folder)) != std::string::npos;) {
    text.replace(at, folder.size(), "/home/ann/plan");
  }
  static const std::regex kDate("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}");
  static const std::regex kPort("localhost:[0-9]+");
  return std::regex_replace(std::regex_replace(masked(text), kDate, "DATE"), kPort,
                            "localhost:PORT");
}

TEST(Tutorial, EachBlockDoesWhatItShows) {
  Terminal terminal;
  const auto commands = commands_of(std::string(UKSTORE_SOURCE_DIR) + "/docs/tutorial.md");
  ASSERT_GT(commands.size(), 50u);
  for (const Shown& shown : commands) {
    Outcome outcome = terminal.shell("exec 2>&1 < /dev/null; " + shown.command);
    if (!outcome.out.empty() && !outcome.out.ends_with('\n')) outcome.out += '\n';
    EXPECT_EQ(without_chance(outcome.out, terminal.folder()),
              without_chance(shown.output, terminal.folder()))
        << "$ " << shown.command;
    EXPECT_EQ(outcome.err, "");
  }
  terminal.expect_clean();
}

}  // namespace
}  // namespace ukstore::cli::tests
