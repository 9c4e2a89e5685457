#pragma once
// The table of commands: parsing, --help, did-you-mean, docs/cli.md and the tests all come from it.
//
// To add a command:
// 1. Write `Exit name(Context&, const Arguments&)` in the file of its group below commands/, and a
//    row in that file's list: name, usage, summary, options, example, function.  A new group adds
//    one line to commands.cc and one to commands.h.
// 2. Print through `context.out()`: `line` for what was asked for, `note` for what was done, and an
//    `object` for each of them under --json (ask `out().is_json()`).
// 3. Throw a `Failure` (failure.h), or use `must` on a Result.  Every Failure has a hint.
// 4. Write docs/cli.md anew with `ukstore help --markdown > docs/cli.md`.
// The tests run the example, once as it stands, once with --json, and --help: a command without one
// of them fails.
//
// A name of two words ("branch create") is a command of its own; `branch` alone is another.

#include <ukstore/images/ukstore/failure.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ukstore::cli {

class Arguments;
class Context;

struct Option {
  std::string_view name;     // "limit": --limit
  char letter = 0;           // 'n': -n; 0 if there is none
  std::string_view value{};  // "N": what it takes; empty for a switch
  std::string_view summary{};
  std::vector<std::string_view> choices{};  // what the value may be, if that is a short list
};

// Shown by --help and run by the tests, as shell commands in an empty folder.
struct Example {
  std::string_view before;  // what has to be done first: shell lines; "ukstore init" goes ahead
  std::string_view line;    // begins with "ukstore " or holds "| ukstore "
  std::string_view shows;   // its output; a run of hex digits of 12 and more stands as HASH
  Exit exit = Exit::done;
};

struct Command {
  std::string_view name;     // "get", "branch create"
  std::string_view usage;    // "PATH [VALUE]", "REV...": words, [optional], repeated...
  std::string_view summary;  // a sentence without its end
  std::string_view more{};   // further lines for --help
  std::vector<Option> options{};
  Example example;
  std::function<Exit(Context&, const Arguments&)> run;
};

// The options that every command takes.
const std::vector<Option>& global_options();

// What a usage says of its words.
struct Parameter {
  std::string name;
  bool optional = false;
  bool repeated = false;
};
std::vector<Parameter> parameters(std::string_view usage);

}  // namespace ukstore::cli
