// The project keeps its own rules; and each rule is seen to catch what was planted for it.

#include <ukstore/tests/house/tidy.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace ukstore::house {
namespace {

namespace fs = std::filesystem;

const fs::path kTop = UKSTORE_SOURCE_DIR;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

bool stands_in_project(const std::string& path) { return fs::exists(kTop / path); }
bool stands_in_planted(const std::string& path) {
  return path == "store/tree.h" || path == "images/probe/probe.h";
}

bool is_read(const fs::path& path) {
  static const std::set<std::string> kExtensions = {".h",  ".cc", ".c",     ".S",
                                                    ".md", ".py", ".cmake", ".capnp"};
  static const std::set<std::string> kNames = {"run", "check", "CMakeLists.txt", "setup",
                                               "compare"};
  return kExtensions.contains(path.extension()) || kNames.contains(path.filename());
}

// Top-level folders that hold the project, sorted.
std::set<std::string> folders() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(kTop)) {
    const std::string name = entry.path().filename();
    if (entry.is_directory() && name[0] != '.' && name != "build" && name != "node_modules") {
      names.insert(name);
    }
  }
  return names;
}

std::vector<std::string> project_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(kTop)) {
    if (entry.is_regular_file() && is_read(entry.path())) files.push_back(entry.path().filename());
  }
  for (const std::string& folder : folders()) {
    fs::recursive_directory_iterator walk(kTop / folder);
    for (const auto& entry : walk) {
      if (entry.path().filename() == "node_modules") walk.disable_recursion_pending();
      if (entry.is_regular_file() && is_read(entry.path())) {
        files.push_back(fs::relative(entry.path(), kTop));
      }
    }
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> rules_broken(const std::string& path, const std::string& text) {
  std::vector<std::string> names;
  for (const Finding& finding : check_source(read_source(path, text), stands_in_planted)) {
    names.push_back(finding.rule);
  }
  return names;
}

std::string lines(size_t n, const std::string& line = "int x;\n") {
  std::string text;
  for (size_t i = 0; i < n; ++i) text += line;
  return text;
}

TEST(Tidy, TheProjectKeepsItsRules) {
  const auto files = project_files();
  ASSERT_GT(files.size(), 20u) << "too few files found below " << kTop;
  for (const std::string& file : files) {
    for (const Finding& finding :
         check_source(read_source(file, slurp(kTop / file)), stands_in_project)) {
      ADD_FAILURE() << to_string(finding);
    }
  }
}

TEST(Tidy, TheArchitecturePageNamesEveryFolder) {
  const std::string page = slurp(kTop / "docs/ARCHITECTURE.md");
  for (const std::string& folder : folders()) {
    EXPECT_NE(page.find("`" + folder + "/"), std::string::npos) << folder << "/ is not explained";
  }
}

// ---- Planted violations: the rule named is broken, and no other.

struct Planted {
  std::string rule;
  std::string path;
  std::string text;
};

std::vector<Planted> planted() {
  const std::string once = "#pragma once\n";
  const std::string sl = std::string("sle") + "ep";
  return {
      {"arrow", "store/a.cc", "#include <ukstore/merge/repo.h>\n"},
      {"arrow", "store/a.cc", "#include <kj/async.h>\n"},
      {"arrow", "store/a.cc", "#include <sys/socket.h>\n"},
      {"arrow", "merge/a.cc", "#include <ukstore/sync/peer.h>\n"},
      {"arrow", "merge/a.cc", "#include <lmdb.h>\n"},
      {"arrow", "merge/a.cc", "#include <capnp/message.h>\n"},
      {"arrow", "sync/a.cc", "#include <ukstore/libos/kj/network.h>\n"},
      {"arrow", "sync/a.cc", "#include <ukstore/images/node/node.h>\n"},
      {"arrow", "libos/net/a.cc", "#include <ukstore/libos/kj/task.h>\n"},
      {"arrow", "libos/net/tcp/a.cc", "#include <kj/async.h>\n"},
      {"arrow", "libos/kj/a.cc", "#include <ukstore/store/tree.h>\n"},
      {"arrow", "libos/core/a.cc", "#include <kj/async.h>\n"},
      {"arrow", "examples/01_a.cc", "#include <ukstore/tests/house/tidy.h>\n"},
      {"columns", "store/a.cc", "int " + std::string(97, 'x') + ";\n"},
      {"console", "store/a.cc", "void f() { std::cout << 1; }\n"},
      {"file-length", "store/a.cc", lines(401)},
      {"file-length", "tests/store/a_test.cc", lines(601)},
      {"file-name", "store/utils.h", once},
      {"file-name", "store/common.cc", "int x;\n"},
      {"file-name", "merge/part2.cc", "int x;\n"},
      {"macro", "store/a.cc", "#define SQUARE(x) x\n"},
      {"machine", "docs/a.md", std::string("see /wo") + "rk/main\n"},
      {"own-header", "store/tree.cc", "#include <vector>\n#include <ukstore/store/tree.h>\n"},
      {"own-header", "store/tree.cc", "int x;\n"},
      {"function-length", "store/a.cc", "void f() {\n" + lines(69) + "}\n"},
      {"function-length", "store/a.cc", "namespace n {\nint f(int a)\n{" + lines(70) + "}\n}\n"},
      {"function-length", "store/a.cc",
       "class A {\n A() : a_{1}, b_{2} {\n" + lines(69) + "}\n};\n"},
      {"function-length", "store/a.cc", "template <class T>\nT f(T t) {\n" + lines(69) + "}\n"},
      {"function-length", "store/a.cc",
       "struct alignas(8) A {\nvoid f() {\n" + lines(69) + "}\n};\n"},
      {"function-length", "store/a.cc",
       "const char* s = R\"(}})\";\nvoid f() {\n" + lines(69) + "}\n"},
      {"function-length", "store/a.cc",
       "auto f = [](int) {\n" + lines(69, "if (x) { y(); }\n") + "};\n"},
      {"pragma-once", "store/a.h", "int x;\n"},
      {"quoted-include", "store/a.cc", "#include \"b.h\"\n"},
      {"quoted-include", "images/echo/a.cc", "#include \"probe.h\"\n"},
      {"quoted-include", "store/a.cc", "#include \"tree.h\"\n"},
      {"sleep", "tests/store/a_test.cc", "void f() { " + sl + "_for(1s); }\n"},
      {"space", "store/a.cc", "int x; \n"},
      {"space", "store/a.cc", "int x;"},
      {"type-name", "store/a.h", once + "class BlockManager {};\n"},
      {"type-name", "store/a.h", once + "struct TreeImpl;\n"},
      {"unfinished", "docs/a.md", std::string("TO") + "DO: more\n"},
      {"unfinished", "store/a.cc", std::string("// FIX") + "ME\n"},
      {"using", "store/a.h", once + "using namespace std;\n"},
  };
}

TEST(Tidy, EachPlantedViolationIsFound) {
  for (const Planted& bad : planted()) {
    EXPECT_EQ(rules_broken(bad.path, bad.text), std::vector<std::string>{bad.rule})
        << bad.path << ":\n"
        << bad.text.substr(0, 200);
  }
}

TEST(Tidy, EachRuleHasAPlantedViolation) {
  std::set<std::string> seen;
  for (const Planted& bad : planted()) seen.insert(bad.rule);
  const auto all = rules();
  EXPECT_EQ(seen, std::set<std::string>(all.begin(), all.end()));
}

TEST(Tidy, WhatIsAllowedIsNotReported) {
  const std::vector<Planted> good = {
      {"", "store/a.cc", "#include <ukstore/store/tree.h>\n#include <lmdb.h>\n"},
      {"", "sync/a.cc", "#include <ukstore/libos/kj/task.h>\n#include <kj/async.h>\n"},
      {"", "images/node/a.cc", "#include <ukstore/libos/kj/network.h>\n#include <iostream>\n"},
      {"", "tests/a_test.cc", "#include <ukstore/libos/net/a.h>\n#include <ukstore/sync/a.h>\n"},
      {"", "store/a.cc", "const int t[] = {\n" + lines(100, "1,\n") + "};\n"},
      {"", "store/a.cc", "void f() {\n" + lines(68) + "}\nvoid g() {\n" + lines(68) + "}\n"},
      {"", "store/a.cc", "// std::cout, BlockManager, sleep(\nconst int x = 1'000'000;\n"},
      {"", "store/a.cc", "char c = '{';\nconst char* s = \"{\";\n"},
      {"", "store/a.cc", "#define X 1  // tidy: allow macro (a header of C wants it)\n"},
      {"", "store/a.cc", "// tidy: allow file-length (one table)\n" + lines(500)},
      {"", "docs/a.md", "a line of prose " + std::string(120, 'x') + "\n"},
      {"", "tests/a_test.cc", "#include <ukstore/store/tree.h>\n" + lines(500)},
      {"", "images/probe/main.cc", "#include <vector>\n\n#include \"probe.h\"\n"},
      {"", "images/probe/probe.cc", "#include \"probe.h\"\n"},
      {"", "store/tree.cc", "#include <ukstore/store/tree.h>\n#include <vector>\n"},
  };
  for (const Planted& file : good) {
    EXPECT_EQ(rules_broken(file.path, file.text), std::vector<std::string>{}) << file.text;
  }
}

TEST(Tidy, AnAllowanceIsForItsRuleAlone) {
  EXPECT_EQ(rules_broken("store/a.cc", "#define X 1  // tidy: allow console (no)\n"),
            std::vector<std::string>{"macro"});
}

}  // namespace
}  // namespace ukstore::house
