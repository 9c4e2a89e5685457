// set, get, rm, mv: single values.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/writing.h>

namespace ukstore::cli {
namespace {

// Without --type the path keeps its type, else bytes.
const ValueType& type_to_set(const State& state, const Bytes& path, const Arguments& arguments) {
  if (const auto name = arguments.option("type")) return type_named(*name);
  const auto value = must(state.value(path), "cannot read " + in_quotes(path));
  if (value && !value->is_conflict() && !value->live.empty()) {
    const ValueType* type = find_type(value->live.front().kind);
    if (type) return *type;
  }
  return type_named("bytes");
}

Exit set(Context& context, const Arguments& arguments) {
  const Bytes path = path_of(arguments.at("PATH"));
  Branch branch = context.branch_to_write();
  const std::string& given = arguments.at("VALUE");
  const Bytes text = given == "-" ? context.read_input() : given;
  const State state = must(branch.state(), "cannot read branch " + in_quotes(branch.name()));
  const ValueType& type = type_to_set(state, path, arguments);
  if (!type.set) throw cannot_be_set(type, path);
  return write(context, branch, "set " + printable(path), type.set(path, text));
}

Exit rm(Context& context, const Arguments& arguments) {
  const Bytes path = path_of(arguments.at("PATH"));
  Branch branch = context.branch_to_write();
  value_at(must(branch.state(), "cannot read branch " + in_quotes(branch.name())), path);
  return write(context, branch, "rm " + printable(path), [&](Tx& tx) { tx.remove(path); });
}

Exit get(Context& context, const Arguments& arguments) {
  const Bytes path = path_of(arguments.at("PATH"));
  Output& out = context.out();
  const State state = context.state();
  const Value value = value_at(state, path);
  if (!value.is_conflict() && value.live.empty()) {
    throw Failure{Exit::user_error,
                  in_quotes(path) + " is a directory",
                  {},
                  {"see what is in it: ukstore ls " + shell_word(path)}};
  }
  if (out.is_json()) {
    out.object(entry_object(state, path, value, Detail::value));
    return value.is_conflict() ? Exit::conflict : Exit::done;
  }
  if (value.is_conflict()) {
    for (const ShownTerm& term : terms_of(state, path, value)) out.line(term.text);
    return Exit::conflict;
  }
  const Kind kind = value.live.front().kind;
  const ValueType* type = find_type(kind);
  if (!type) {
    throw Failure{
        Exit::user_error,
        in_quotes(path) + " is of " + type_name(kind) + ", which this program cannot print",
        {},
        {"see its size: ukstore ls " + shell_word(path)}};
  }
  if (arguments.has("with-type")) out.line(type->name);
  const auto lines = type->lines(state, path);
  if (!is_valued(kind) && kind != Kind::last_writer) {
    for (const Bytes& line : lines) out.line(arguments.has("raw") ? line : printable(line));
    return Exit::done;
  }
  // Bytes go out as they are, except that a terminal gets them harmless and with a last line end.
  if (arguments.has("raw") || !out.is_terminal()) {
    out.bytes(lines.front());
  } else {
    print_for_terminal(out, lines.front());
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> value_commands() {
  return {
      {.name = "set",
       .usage = "PATH VALUE",
       .summary = "writes a value, as one commit, or none if nothing changes; prints the head",
       .more = "VALUE - is read from standard input.  Without --type the path keeps its type, else "
               "it is bytes.\nA counter is a number, a flag on or off, a set one element a line.",
       .options = {{"type", 0, "TYPE",
                    "what the value is: bytes, counter, register, flag, set, ..."},
                   {"message", 'm', "MSG", "the message of the commit"}},
       .example = {"", "ukstore set notes/today 'buy milk' && ukstore get notes/today",
                   "HASH\nbuy milk"},
       .run = set},
      {.name = "get",
       .usage = "PATH",
       .summary = "prints the value at a path",
       .more = "Bytes come out as they are; on a terminal they are escaped and end a line.  Where "
               "writers disagree\nall values are printed, one a line, and the exit code is 4.",
       .options = {{"with-type", 0, "", "the type goes before, on a line of its own"},
                   {"raw", 0, "", "bytes as they are on a terminal, too"}},
       .example = {"ukstore set hits 41 --type counter --quiet\n"
                   "ukstore op counter hits add 1 --quiet",
                   "ukstore get hits --with-type", "counter\n42\n"},
       .run = get},
      {.name = "rm",
       .usage = "PATH",
       .summary = "removes what is at a path and below it; prints the head",
       .options = {{"message", 'm', "MSG", "the message of the commit"}},
       .example = {"ukstore set notes/today hi --quiet\nukstore set notes/soon ho --quiet",
                   "ukstore rm notes/soon --quiet && ukstore ls notes", "today\n"},
       .run = rm},
  };
}

}  // namespace ukstore::cli
