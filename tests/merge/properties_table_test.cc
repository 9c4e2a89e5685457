// The table of what shows each property (properties.txt) leaves none out and names what exists.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace ukstore::tests {
namespace {

const std::filesystem::path kTests = UKSTORE_TESTS_FOLDER;

// By its first word what stands behind it; comments and empty lines left out.
std::map<std::string, std::string> table() {
  std::map<std::string, std::string> lines;
  std::ifstream in(kTests / "merge/properties.txt");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    size_t space = line.find(' ');
    EXPECT_NE(space, std::string::npos) << line;
    EXPECT_TRUE(lines.emplace(line.substr(0, space), line.substr(space + 1)).second) << line;
  }
  return lines;
}

// Tests stand in several programs, so their names are read from the sources.
std::set<std::string> names_of_tests() {
  static const std::regex kTest(R"(TEST(?:_F|_P)?\((\w+),\s*(\w+)\))");
  std::set<std::string> names;
  for (const char* folder : {"merge", "scale_merge", "threads_merge", "store"}) {
    for (const auto& entry : std::filesystem::directory_iterator(kTests / folder)) {
      if (entry.path().extension() != ".cc") continue;
      std::ifstream in(entry.path());
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      for (std::sregex_iterator at(text.begin(), text.end(), kTest), end; at != end; ++at) {
        names.insert((*at)[1].str() + "." + (*at)[2].str());
      }
    }
  }
  return names;
}

TEST(TheTableOfProperties, LeavesNoneOut) {
  auto lines = table();
  std::set<std::string> numbers;
  for (const auto& [name, shown] : lines) numbers.insert(name.substr(0, name.find('-')));
  auto expect_all = [&](const std::string& letter, int last) {
    for (int i = 1; i <= last; ++i) EXPECT_TRUE(numbers.contains(letter + std::to_string(i))) << i;
  };
  expect_all("P", 30);
  expect_all("F", 5);
  expect_all("S", 7);
}

TEST(TheTableOfProperties, NamesWhatExists) {
  std::set<std::string> names = names_of_tests();
  EXPECT_GT(names.size(), 100u);
  for (const auto& [name, shown] : table()) {
    if (shown.starts_with("absent: ")) continue;
    std::istringstream words(shown);
    int count = 0;
    for (std::string word; words >> word; ++count) {
      if (word.starts_with("fuzz:")) {
        EXPECT_TRUE(std::filesystem::exists(kTests / "fuzz" / (word.substr(5) + ".cc"))) << word;
      } else {
        EXPECT_TRUE(names.contains(word)) << name << ": there is no test " << word;
      }
    }
    EXPECT_GT(count, 0) << name;
  }
}

}  // namespace
}  // namespace ukstore::tests
