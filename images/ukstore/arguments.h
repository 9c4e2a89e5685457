#pragma once
// A command line taken apart by the table.

#include <ukstore/images/ukstore/command.h>

#include <cstdint>
#include <map>
#include <optional>

namespace ukstore::cli {

class Arguments {
 public:
  // Takes the words of a whole command line apart: options may stand anywhere, `--` ends them, and
  // a word such as -5 is no option.  Throws a Failure with Exit::usage that names the wrong word.
  static Arguments parse(const std::vector<std::string>& words);

  // Null if no command was given: bare `ukstore`, or options alone.
  const Command* command() const { return command_; }

  // ---- Options, by name without the dashes, the global ones too.
  bool has(std::string_view option) const { return options_.contains(std::string(option)); }
  // The last value given; nullopt if the option was not.
  std::optional<std::string> option(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  // The value as a number.  Throws a Failure with Exit::usage if it is none.
  std::optional<uint64_t> number(std::string_view name) const;

  // ---- Positions, by their word in the usage.
  // One that must be there.
  const std::string& at(std::string_view name) const;
  std::optional<std::string> find(std::string_view name) const;
  // What a repeated one took.
  std::vector<std::string> rest(std::string_view name) const;

 private:
  void take_option(const std::vector<std::string>& words, size_t& i);
  void take_letters(const std::vector<std::string>& words, size_t& i);
  void put(const Option& option, std::string value);
  const Option* find_option(std::string_view name) const;
  const Option* find_letter(char letter) const;
  [[noreturn]] void unknown_option(const std::string& word) const;
  void place(const std::vector<std::string>& plain);

  const Command* command_ = nullptr;
  std::map<std::string, std::vector<std::string>> options_;
  std::map<std::string, std::vector<std::string>, std::less<>> positions_;
};

// "ukstore get PATH [options]".
std::string usage_line(const Command& command);

// The text as a whole number; nullopt if it is none or does not fit.
std::optional<int64_t> to_integer(std::string_view text);
std::optional<uint64_t> to_count(std::string_view text);

}  // namespace ukstore::cli
