// docs/libos.md, followed to the letter in a copy of the checkout.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <regex>

#include "machine.h"
#include "sources.h"

namespace boot_test {
namespace {

TEST(Docs, EveryBlockOfThePageWorksInAFreshCopy) {
  std::ifstream in(std::string(UKSTORE_SOURCE_DIR) + "/docs/libos.md");
  const std::string page(std::istreambuf_iterator<char>(in), {});
  Folder folder;
  const std::string copy = folder.path("copy");
  copy_sources(copy);
  std::string script = "set -e\ncd " + copy + "\n";
  int blocks = 0;
  const std::regex fence("```([a-z]+)\n([^`]*)```");
  for (std::sregex_iterator at(page.begin(), page.end(), fence), end; at != end; ++at, ++blocks) {
    EXPECT_EQ((*at)[1], "text") << "a block that nobody runs";
    script += (*at)[2];
  }
  EXPECT_GE(blocks, 5);
  EXPECT_EQ(page.find("\n\n    "), page.npos) << "an indented block is not run";
  script = std::regex_replace(script, std::regex("1234"), std::to_string(20'000 + getpid() % 9000));
  Outcome outcome = run({"bash", "-c", script}, 550);
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.errors;
  size_t lines = 0;
  for (size_t at = 0; (at = outcome.out.find("\na machine of my own", at)) != outcome.out.npos;
       ++at) {
    ++lines;
  }
  EXPECT_GE(lines, 5u) << outcome.out;  // and what gdb let go on
  EXPECT_NE(outcome.out.find("Breakpoint 1, main"), outcome.out.npos) << outcome.out;
}

}  // namespace
}  // namespace boot_test
