#include <ukstore/images/ukstore/help.h>

#include <ukstore/images/ukstore/commands.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

constexpr std::string_view kVersion = UKSTORE_VERSION;

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string option_words(const Option& option) {
  std::string words = option.letter ? std::string{'-', option.letter, ',', ' '} : "    ";
  words += "--" + std::string(option.name);
  if (!option.value.empty()) words += " " + std::string(option.value);
  return words;
}

std::string option_text(const Option& option) {
  std::string text(option.summary);
  if (option.choices.empty()) return text;
  text += ": ";
  for (size_t i = 0; i < option.choices.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::string(option.choices[i]);
  }
  return text;
}

void print_options(Output& out, const std::vector<Option>& options) {
  for (const Option& option : options) {
    out.line("  " + padded(option_words(option), 26) + " " + option_text(option));
  }
}

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Json help_object(const Command& command) {
  Json options = Json::array();
  for (const Option& option : command.options) {
    options.push_back(
        {{"option", option.name}, {"value", option.value}, {"summary", option.summary}});
  }
  return {{"command", command.name},
          {"usage", usage_line(command)},
          {"summary", command.summary},
          {"options", options},
          {"example", command.example.line}};
}

void print_example(Output& out, const Example& example, std::string_view indent) {
  const std::string margin(indent);
  for_each_line(example.before,
                [&](std::string_view line) { out.line(margin + "$ " + std::string(line)); });
  out.line(margin + "$ " + std::string(example.line));
  for_each_line(example.shows,
                [&](std::string_view line) { out.line(margin + std::string(line)); });
}

}  // namespace

const std::vector<Option>& global_options() {
  static const std::vector<Option> kOptions = {
      {"store", 0, "DIR", "the store; else UKSTORE_STORE, else the nearest .ukstore upwards"},
      {"branch", 0, "NAME", "the branch to read and write; main if not given"},
      {"at", 0, "REV", "read what was there: a branch, tag, hash, REV~N or REV^N"},
      {"at-journal", 0, "N", "read branches as they were after entry N of the journal"},
      {"json", 0, "", "JSON Lines on standard output, and errors as one line of JSON"},
      {"color", 0, "WHEN", "colours", {"auto", "always", "never"}},
      {"quiet", 0, "", "say nothing of what was done"},
      {"verbose", 'v', "", "say which store is used"},
      {"progress", 0, "HOW", "progress on standard error", {"auto", "plain", "json", "none"}},
      {"no-sync", 0, "", "do not wait for the disk: a crash may lose the newest commits"},
      {"C", 'C', "DIR", "work as if started in DIR"},
      {"version", 0, "", "which version this is"},
      {"help", 'h', "", "how to use a command"},
  };
  return kOptions;
}

void print_version(Output& out) {
  if (out.is_json()) return out.object({{"version", kVersion}});
  out.line("ukstore " + std::string(kVersion));
}

void print_overview(Output& out) {
  if (out.is_json()) {
    for (const Group& group : groups()) {
      for (const Command& command : group.commands) out.object(help_object(command));
    }
    return;
  }
  out.line("ukstore: a store of mergeable values, with branches and history");
  for (const Group& group : groups()) {
    out.line("");
    out.line(out.painted(Color::bold, group.title));
    for (const Command& command : group.commands) {
      const std::string words = std::string(command.name) + (command.usage.empty() ? "" : " ") +
                                std::string(command.usage);
      out.line("  " + padded(words, 34) + " " + std::string(command.summary));
    }
  }
  out.line("");
  out.line(out.painted(Color::bold, "Options of every command"));
  print_options(out, global_options());
  out.line("");
  out.line("More of one: ukstore help COMMAND");
}

void print_help(Output& out, const Command& command) {
  if (out.is_json()) return out.object(help_object(command));
  out.line(std::string(command.summary));
  out.line("");
  out.line("usage: " + usage_line(command));
  if (!command.more.empty()) {
    out.line("");
    out.line(command.more);
  }
  if (!command.options.empty()) {
    out.line("");
    print_options(out, command.options);
  }
  out.line("");
  out.line("example:");
  print_example(out, command.example, "  ");
  out.line("");
  out.line("Options of every command: ukstore help");
}

void print_what_next(Context& context) {
  Output& out = context.out();
  if (out.is_json()) return print_overview(out);
  bool has_store = true;
  try {
    context.store_folder();
  } catch (const Failure&) {
    has_store = false;
  }
  out.line("ukstore keeps values under paths, with branches and history; branches merge.");
  out.line("");
  if (has_store) {
    out.line("There is a store here. Next:");
    out.line("  ukstore status            what is in it");
    out.line("  ukstore ls                the entries at the top");
    out.line("  ukstore log               its history");
  } else {
    out.line("There is no store here yet. Next:");
    out.line("  ukstore init              make one in this folder");
    out.line("  ukstore set notes/today hi");
    out.line("  ukstore get notes/today");
  }
  out.line("  ukstore help              all commands");
}

void print_markdown(Output& out) {
  out.line("# The command line");
  out.line("");
  out.line(
      "Written by `ukstore help --markdown`; a test compares it. Exit codes stand at the end.");
  out.line("");
  out.line("## Options of every command");
  out.line("");
  out.line("| option | is |");
  out.line("| --- | --- |");
  const auto row = [&](const Option& option) {
    std::string words = option_words(option);
    words.erase(0, words.find_first_not_of(' '));
    out.line("| `" + words + "` | " + option_text(option) + " |");
  };
  for (const Option& option : global_options()) row(option);
  for (const Group& group : groups()) {
    out.line("");
    out.line("## " + std::string(group.title));
    for (const Command& command : group.commands) {
      out.line("");
      out.line("### ukstore " + std::string(command.name));
      out.line("");
      out.line(std::string(command.summary) + ".");
      if (!command.more.empty()) {
        out.line("");
        out.line(command.more);
      }
      if (!command.options.empty()) {
        out.line("");
        out.line("| option | is |");
        out.line("| --- | --- |");
        for (const Option& option : command.options) row(option);
      }
      out.line("");
      out.line("```text");
      out.line(usage_line(command));
      out.line("");
      print_example(out, command.example, "");
      out.line("```");
    }
  }
  out.line("");
  out.line("## Exit codes");
  out.line("");
  out.line("| code | word | means |");
  out.line("| --- | --- | --- |");
  for (const auto& [exit, meaning] : exit_meanings()) {
    out.line("| " + std::to_string(static_cast<int>(exit)) + " | " + std::string(word_of(exit)) +
             " | " + std::string(meaning) + " |");
  }
}

}  // namespace ukstore::cli
