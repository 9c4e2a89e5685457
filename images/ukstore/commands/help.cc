// help.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/help.h>
#include <ukstore/images/ukstore/nearest.h>

namespace ukstore::cli {
namespace {

Exit help(Context& context, const Arguments& arguments) {
  Output& out = context.out();
  if (arguments.has("markdown")) {
    print_markdown(out);
    return Exit::done;
  }
  const auto words = arguments.rest("COMMAND");
  if (words.empty()) {
    print_overview(out);
    return Exit::done;
  }
  if (const Command* command = find_command(words)) {
    print_help(out, *command);
    return Exit::done;
  }
  const auto seconds = second_words(words[0]);
  for (const std::string& second : seconds) {
    print_help(out, *find_command({words[0], second}));
    if (!out.is_json()) out.line("");
  }
  if (!seconds.empty()) return Exit::done;
  Failure failure{Exit::usage, "there is no command " + in_quotes(words[0])};
  const auto near = did_you_mean(words[0], command_names());
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back("all commands: ukstore help");
  throw failure;
}

}  // namespace

std::vector<Command> help_commands() {
  return {
      {.name = "help",
       .usage = "[COMMAND...]",
       .summary = "tells what there is, or how to use one command",
       .options = {{"markdown", 0, "", "the whole reference, as docs/cli.md has it"}},
       .example = {"", "ukstore help get | head -n 3",
                   "prints the value at a path\n\nusage: ukstore get PATH [--with-type] [--raw]\n"},
       .run = help},
  };
}

}  // namespace ukstore::cli
