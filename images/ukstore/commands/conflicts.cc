// conflicts and resolve: values that disagree, and their end.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/writing.h>

namespace ukstore::cli {
namespace {

Exit conflicts(Context& context, const Arguments& arguments) {
  const Bytes below = directory_of(arguments.find("PATH"));
  Output& out = context.out();
  const State state = context.state();
  if (!below.empty()) value_at(state, below);
  const auto paths = must(state.conflicts(below), "cannot look for conflicts");
  for (const Bytes& path : paths) {
    const Value value = value_at(state, path);
    if (out.is_json()) {
      out.object(conflict_object(state, path, value));
      continue;
    }
    out.line(out.painted(Color::bold, printable(path)));
    size_t number = 0;
    for (const ShownTerm& term : terms_of(state, path, value)) {
      out.line("  " + std::to_string(++number) + ": " + term.text);
    }
  }
  return paths.empty() ? Exit::done : Exit::conflict;
}

Exit choose(Context& context, Branch& branch, const Bytes& path, const Value& value,
            uint64_t number) {
  const auto choices = value.choices();
  if (number == 0 || number > choices.size()) {
    throw Failure{
        Exit::user_error,
        "the conflict at " + in_quotes(path) + " has no term " + in_quotes(std::to_string(number)),
        {"it has " + std::to_string(choices.size())},
        {"see them: ukstore get " + shell_word(path)}};
  }
  const Live kept = choices[number - 1].live;
  return write(context, branch, "resolve " + printable(path), [&](Tx& tx) { tx.keep(path, kept); });
}

Exit resolve(Context& context, const Arguments& arguments) {
  const Bytes path = path_of(arguments.at("PATH"));
  const auto given = arguments.find("VALUE");
  const auto number = arguments.number("term");
  if (given.has_value() == number.has_value()) {
    throw Failure{Exit::usage,
                  "ukstore resolve wants either a value or --term for " + in_quotes(path),
                  {},
                  {"see the terms: ukstore get " + shell_word(path),
                   "then: ukstore resolve " + shell_word(path) + " --term 1"}};
  }
  Branch branch = context.branch_to_write();
  const State state = must(branch.state(), "cannot read branch " + in_quotes(branch.name()));
  const Value value = value_at(state, path);
  if (!value.is_conflict()) {
    throw Failure{Exit::user_error,
                  "there is no conflict at " + in_quotes(path),
                  {"it holds: " + summary_of(state, path, value)},
                  {"see the conflicts: ukstore conflicts",
                   "to write it all the same: ukstore set " + shell_word(path) + " VALUE"}};
  }
  if (number) return choose(context, branch, path, value, *number);
  const ValueType& type = type_named(arguments.option("type").value_or("bytes"));
  if (!type.set) throw cannot_be_set(type, path);
  const Bytes text = *given == "-" ? context.read_input() : *given;
  return write(context, branch, "resolve " + printable(path), type.set(path, text));
}

}  // namespace

std::vector<Command> conflict_commands() {
  const std::string_view apart =
      "ukstore set milk none --quiet\nukstore branch create draft --quiet\n"
      "ukstore set milk oat --quiet\nukstore set milk rice --branch draft --quiet\n"
      "ukstore set milk soy --branch draft --quiet\n"
      "ukstore merge draft --quiet || true";
  return {
      {.name = "conflicts",
       .usage = "[PATH]",
       .summary =
           "the paths where writers disagree, with their values; exit code 4 if there are any",
       .example = {apart, "ukstore conflicts", "milk\n  1: bytes \"oat\"\n  2: bytes \"soy\"\n",
                   Exit::conflict},
       .run = conflicts},
      {.name = "resolve",
       .usage = "PATH [VALUE]",
       .summary = "ends a conflict by a value, or by one of its terms; prints the head",
       .more = "VALUE - is read from standard input.",
       .options = {{"term", 0, "N", "keeps the N-th value that `get` and `conflicts` print"},
                   {"type", 0, "TYPE", "what the value is; bytes if not given"},
                   {"message", 'm', "MSG", "the message of the commit"}},
       .example = {apart, "ukstore resolve milk oat --quiet && ukstore get milk", "oat"},
       .run = resolve},
  };
}

}  // namespace ukstore::cli
