// One command from its words to its exit code.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/help.h>
#include <ukstore/images/ukstore/process.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ukstore::cli {
namespace {

bool wants_json(const Process& process) {
  for (const std::string& word : process.words) {
    if (word == "--") return false;
    if (word == "--json") return true;
  }
  return false;
}

Output::Paint paint_of(const Process& process, const std::string& when, int fd) {
  if (when == "always") return Output::Paint::yes;
  if (when == "never") return Output::Paint::no;
  const auto no_color = process.environment.find("NO_COLOR");
  if (no_color != process.environment.end() && !no_color->second.empty()) return Output::Paint::no;
  return isatty(fd) == 1 ? Output::Paint::yes : Output::Paint::no;
}

// To standard error, where nothing can be done about errors.
void print(const Process& process, const Failure& failure) {
  Output err(process.err, Output::Form::text, paint_of(process, "auto", process.err));
  if (wants_json(process)) {
    err.object({{"error",
                 {{"code", word_of(failure.exit)},
                  {"exit", static_cast<int>(failure.exit)},
                  {"message", failure.message},
                  {"causes", failure.causes},
                  {"hints", failure.hints}}}});
  } else {
    err.line(err.painted(Color::red, "error: ") + failure.message);
    for (const std::string& cause : failure.causes) {
      err.line(err.painted(Color::bold, "cause: ") + cause);
    }
    for (const std::string& hint : failure.hints) {
      err.line(err.painted(Color::cyan, "hint: ") + hint);
    }
  }
  err.flush_quietly();
}

Exit run_command(const Process& process, const Arguments& arguments, Output& out) {
  Context context(process, arguments, out);
  if (arguments.has("version")) {
    print_version(out);
    return Exit::done;
  }
  const Command* command = arguments.command();
  if (arguments.has("help")) {
    if (command) {
      print_help(out, *command);
    } else {
      print_overview(out);
    }
    return Exit::done;
  }
  if (!command) {
    print_what_next(context);
    return out.is_terminal() ? Exit::done : Exit::usage;
  }
  const Exit exit = command->run(context, arguments);
  context.close();
  return exit;
}

Exit run_parsed(const Process& process, const Arguments& arguments) {
  Output out(process.out, arguments.has("json") ? Output::Form::json : Output::Form::text,
             paint_of(process, arguments.option("color").value_or("auto"), process.out),
             arguments.has("quiet") ? Output::Volume::quiet : Output::Volume::normal);
  try {
    const Exit exit = run_command(process, arguments, out);
    out.flush();
    return exit;
  } catch (const Failure&) {
    out.flush_quietly();  // what was printed before it failed
    throw;
  }
}

}  // namespace

int run(const Process& process) {
  try {
    return static_cast<int>(run_parsed(process, Arguments::parse(process.words)));
  } catch (const BrokenPipe&) {
    return static_cast<int>(Exit::broken_pipe);
  } catch (const Failure& failure) {
    print(process, failure);
    return static_cast<int>(failure.exit);
  } catch (const std::exception& error) {
    print(process, {Exit::internal,
                    "this is a fault of ukstore itself",
                    {error.what()},
                    {"check that the store is whole: ukstore fsck"}});
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace ukstore::cli
