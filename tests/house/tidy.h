#pragma once
// The rules of the house that a machine can check: the arrows between folders, lengths, names and
// words. CONTRIBUTING.md lists them for people.
//
// Where a rule makes the code worse, a line says so and is left alone:
//   tidy: allow RULE (reason)
// on the line itself or the line above; for `file-length`, anywhere in the file.

#include <ukstore/tests/house/source.h>

namespace ukstore::house {

struct Finding {
  std::string path;
  size_t line;  // from 1; 0 if it is about the whole file
  std::string rule;
  std::string what;
};

// "store/hash.cc:7: include: store must not include merge"
std::string to_string(const Finding& finding);

// All findings in one file.  `siblings` tells whether a file stands in the project: the rule "own
// header first" needs it.
using Exists = bool (*)(const std::string& path);
std::vector<Finding> check_source(const Source& source, Exists exists);

// The rules that check_source knows, each of which the tests plant a violation of.
std::vector<std::string> rules();

}  // namespace ukstore::house
