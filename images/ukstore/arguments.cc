#include <ukstore/images/ukstore/arguments.h>

#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/store/tree.h>

#include <algorithm>
#include <cassert>
#include <charconv>

namespace ukstore::cli {
namespace {

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && !(word[1] >= '0' && word[1] <= '9');
}

Failure usage_failure(std::string message, std::vector<std::string> hints) {
  return {Exit::usage, std::move(message), {}, std::move(hints)};
}

std::string help_hint(const Command* command) {
  return command ? "see: ukstore " + std::string(command->name) + " --help" : "see: ukstore help";
}

void drop_empty(std::vector<std::string>& hints) { std::erase(hints, ""); }

// Words that are options' values or options themselves set aside, the rest says which command it
// is. Which options take a value is known only with the command, so global ones decide here.
std::vector<std::string> command_words(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  for (size_t i = 0; i < words.size() && plain.size() < 2; ++i) {
    if (words[i] == "--") break;
    if (!is_option(words[i])) {
      plain.push_back(words[i]);
      continue;
    }
    for (const Option& option : global_options()) {
      const bool named = words[i] == "--" + std::string(option.name) ||
                         (option.letter && words[i] == std::string{'-', option.letter});
      if (!named) continue;
      if (!option.value.empty()) ++i;
      break;
    }
  }
  return plain;
}

[[noreturn]] void unknown_command(const std::vector<std::string>& words) {
  const auto seconds = second_words(words[0]);
  if (!seconds.empty()) {
    const std::string message = words.size() > 1
                                    ? in_quotes(words[0]) + " has no command " + in_quotes(words[1])
                                    : in_quotes(words[0]) + " wants to know what to do";
    std::string list;
    for (const std::string& second : seconds) list += (list.empty() ? "" : ", ") + second;
    std::vector<std::string> hints{words.size() > 1 ? did_you_mean(words[1], seconds) : "",
                                   "there are: " + list, "see: ukstore help " + words[0]};
    drop_empty(hints);
    throw usage_failure(message, std::move(hints));
  }
  std::vector<std::string> hints{did_you_mean(words[0], command_names()),
                                 "all commands: ukstore help"};
  drop_empty(hints);
  throw usage_failure("there is no command " + in_quotes(words[0]), std::move(hints));
}

}  // namespace

std::vector<Parameter> parameters(std::string_view usage) {
  std::vector<Parameter> found;
  while (!usage.empty()) {
    const size_t end = std::min(usage.find(' '), usage.size());
    std::string_view word = usage.substr(0, end);
    usage.remove_prefix(std::min(end + 1, usage.size()));
    Parameter parameter;
    if (word.starts_with('[')) {
      parameter.optional = true;
      word = word.substr(1, word.size() - 2);
    }
    if (word.ends_with("...")) {
      parameter.repeated = true;
      word.remove_suffix(3);
    }
    parameter.name = word;
    found.push_back(std::move(parameter));
  }
  return found;
}

Arguments Arguments::parse(const std::vector<std::string>& words) {
  Arguments arguments;
  const auto names = command_words(words);
  arguments.command_ = find_command(names);
  size_t name_words = 0;
  // A word behind a command that stands alone is a mistyped second word.
  if (arguments.command_ && names.size() > 1 && arguments.command_->name == names[0] &&
      arguments.command_->usage.empty() && !second_words(names[0]).empty()) {
    unknown_command(names);
  }
  if (arguments.command_) {
    name_words = arguments.command_->name.contains(' ') ? 2 : 1;
  } else if (!names.empty()) {
    unknown_command(names);
  }
  std::vector<std::string> plain;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      plain.insert(plain.end(), words.begin() + static_cast<ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (!is_option(words[i])) {
      plain.push_back(words[i]);
    } else if (words[i][1] == '-') {
      arguments.take_option(words, i);
    } else {
      arguments.take_letters(words, i);
    }
  }
  plain.erase(plain.begin(), plain.begin() + static_cast<ptrdiff_t>(name_words));
  if (arguments.command_ && !arguments.has("help")) arguments.place(plain);
  return arguments;
}

const Option* Arguments::find_option(std::string_view name) const {
  const auto named = [&](const Option& option) { return option.name == name; };
  if (command_) {
    const auto own = std::ranges::find_if(command_->options, named);
    if (own != command_->options.end()) return &*own;
  }
  const auto global = std::ranges::find_if(global_options(), named);
  return global == global_options().end() ? nullptr : &*global;
}

const Option* Arguments::find_letter(char letter) const {
  const auto named = [&](const Option& option) { return option.letter == letter; };
  if (command_) {
    const auto own = std::ranges::find_if(command_->options, named);
    if (own != command_->options.end()) return &*own;
  }
  const auto global = std::ranges::find_if(global_options(), named);
  return global == global_options().end() ? nullptr : &*global;
}

void Arguments::unknown_option(const std::string& word) const {
  std::vector<std::string> known;
  if (command_) {
    for (const Option& option : command_->options) known.push_back("--" + std::string(option.name));
  }
  for (const Option& option : global_options()) known.push_back("--" + std::string(option.name));
  const std::string of = command_ ? "ukstore " + std::string(command_->name) : "ukstore";
  std::vector<std::string> hints{did_you_mean(word, known), help_hint(command_)};
  if (!word.starts_with("--")) {
    hints.push_back("a word that begins with a dash stands behind --, as in: ukstore set -- " +
                    shell_word(word) + " VALUE");
  }
  drop_empty(hints);
  throw usage_failure(of + " has no option " + in_quotes(word), std::move(hints));
}

void Arguments::take_option(const std::vector<std::string>& words, size_t& i) {
  const std::string& word = words[i];
  const size_t equals = word.find('=');
  const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
  const Option* option = find_option(name);
  if (!option) unknown_option(word.substr(0, equals));
  if (option->value.empty()) {
    if (equals != std::string::npos) {
      throw usage_failure(
          "the option --" + name + " takes no value, but " + in_quotes(word) + " gives one",
          {"write: --" + name});
    }
    return put(*option, "");
  }
  if (equals != std::string::npos) return put(*option, word.substr(equals + 1));
  if (i + 1 == words.size()) {
    throw usage_failure(
        "the option " + in_quotes(word) + " wants a value",
        {"write: --" + name + " " + std::string(option->value), help_hint(command_)});
  }
  put(*option, words[++i]);
}

void Arguments::take_letters(const std::vector<std::string>& words, size_t& i) {
  const std::string word = words[i];
  for (size_t k = 1; k < word.size(); ++k) {
    const Option* option = find_letter(word[k]);
    if (!option) unknown_option(word);
    if (option->value.empty()) {
      put(*option, "");
      continue;
    }
    if (k + 1 < word.size()) return put(*option, word.substr(k + 1));
    if (i + 1 == words.size()) {
      throw usage_failure(
          "the option " + in_quotes(word) + " wants a value",
          {"write: " + word + " " + std::string(option->value), help_hint(command_)});
    }
    return put(*option, words[++i]);
  }
}

void Arguments::put(const Option& option, std::string value) {
  if (!option.choices.empty() && std::ranges::find(option.choices, value) == option.choices.end()) {
    const std::vector<std::string> known(option.choices.begin(), option.choices.end());
    std::string list;
    for (const std::string& choice : known) list += (list.empty() ? "" : ", ") + choice;
    std::vector<std::string> hints{did_you_mean(value, known), "it takes: " + list};
    drop_empty(hints);
    throw usage_failure(
        "the option --" + std::string(option.name) + " does not take " + in_quotes(value),
        std::move(hints));
  }
  options_[std::string(option.name)].push_back(std::move(value));
}

void Arguments::place(const std::vector<std::string>& plain) {
  const auto wanted = parameters(command_->usage);
  size_t left = plain.size();
  size_t needed = std::ranges::count_if(wanted, [](const auto& one) { return !one.optional; });
  size_t next = 0;
  for (const Parameter& parameter : wanted) {
    if (!parameter.optional) {
      if (left == 0) {
        throw usage_failure("ukstore " + std::string(command_->name) + " wants " + parameter.name +
                                (plain.empty() ? "" : " behind " + in_quotes(plain.back())),
                            {"usage: " + usage_line(*command_), help_hint(command_)});
      }
      --needed;
    } else if (left <= needed) {
      continue;
    }
    auto& values = positions_[parameter.name];
    do {
      values.push_back(plain[next++]);
      --left;
    } while (parameter.repeated && left > needed);
  }
  if (left > 0) {
    throw usage_failure(
        "ukstore " + std::string(command_->name) + " does not take " + in_quotes(plain[next]) +
            " as well",
        {"usage: " + usage_line(*command_), "a value of several words stands in quotes"});
  }
}

std::optional<std::string> Arguments::option(std::string_view name) const {
  const auto found = options_.find(std::string(name));
  return found == options_.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  const auto found = options_.find(std::string(name));
  return found == options_.end() ? std::vector<std::string>() : found->second;
}

std::optional<uint64_t> Arguments::number(std::string_view name) const {
  const auto text = option(name);
  if (!text) return std::nullopt;
  const auto number = to_count(*text);
  if (!number) {
    throw usage_failure(
        "the option --" + std::string(name) + " wants a number, not " + in_quotes(*text),
        {"write: --" + std::string(name) + " 10"});
  }
  return number;
}

const std::string& Arguments::at(std::string_view name) const {
  const auto found = positions_.find(name);
  assert(found != positions_.end());  // `place` has seen to it
  return found->second.front();
}

std::optional<std::string> Arguments::find(std::string_view name) const {
  const auto found = positions_.find(name);
  return found == positions_.end() ? std::nullopt : std::optional(found->second.front());
}

std::vector<std::string> Arguments::rest(std::string_view name) const {
  const auto found = positions_.find(name);
  return found == positions_.end() ? std::vector<std::string>() : found->second;
}

std::string usage_line(const Command& command) {
  std::string line = "ukstore " + std::string(command.name);
  if (!command.usage.empty()) line += " " + std::string(command.usage);
  for (const Option& option : command.options) {
    line +=
        option.letter ? " [-" + std::string(1, option.letter) : " [--" + std::string(option.name);
    if (!option.value.empty()) line += " " + std::string(option.value);
    line += "]";
  }
  return line;
}

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<int64_t> to_integer(std::string_view text) { return parse_number<int64_t>(text); }
std::optional<uint64_t> to_count(std::string_view text) { return parse_number<uint64_t>(text); }

}  // namespace ukstore::cli
