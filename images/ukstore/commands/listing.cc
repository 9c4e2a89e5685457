// ls, tree and mv: what is where.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/moving.h>
#include <ukstore/images/ukstore/state_walk.h>
#include <ukstore/images/ukstore/writing.h>

namespace ukstore::cli {
namespace {

// Throws not_found if there is no such directory.
Value directory_at(const State& state, const Bytes& directory) {
  if (directory.empty()) return Value{{}, true};
  return value_at(state, directory);
}

void print_entry(Output& out, const State& state, const Bytes& path, const std::string& shown,
                 const Arguments& arguments) {
  const Value value = value_at(state, path);
  if (out.is_json()) return out.object(entry_object(state, path, value, Detail::summary));
  const bool directory = value.live.empty();
  std::string line = shown + (directory ? "/" : "");
  if (arguments.has("long")) {
    constexpr size_t kNameColumns = 24;
    if (line.size() < kNameColumns) line.append(kNameColumns - line.size(), ' ');
    line += " " + summary_of(state, path, value);
  }
  out.line(line);
}

Exit ls(Context& context, const Arguments& arguments) {
  const Bytes directory = directory_of(arguments.find("PATH"));
  Output& out = context.out();
  const State state = context.state();
  const Value here = directory_at(state, directory);
  uint64_t left = arguments.number("limit").value_or(UINT64_MAX);
  if (!here.has_entries_below) {
    if (left > 0) print_entry(out, state, directory, printable(directory), arguments);
    return Exit::done;
  }
  const Bytes after = directory_of(arguments.option("after"));
  const auto visit = [&](const Bytes& path, const ListedName& listed) {
    if (left == 0) return Flow::stop;
    --left;
    print_entry(out, state, path, printable(arguments.has("recursive") ? path : listed.name),
                arguments);
    return Flow::go_on;
  };
  if (arguments.has("recursive")) {
    visit_values(state, directory, after, visit);
  } else {
    visit_names(state, directory, after, visit);
  }
  return Exit::done;
}

// One level of the drawing.
void draw(Output& out, const State& state, const Bytes& directory, const std::string& margin,
          uint64_t depth) {
  std::optional<std::pair<Bytes, ListedName>> waiting;  // drawn once it is known whether it is last
  const auto print = [&](bool last) {
    const auto& [path, listed] = *waiting;
    std::string text = printable(listed.name);
    const Value value = value_at(state, path);
    text +=
        value.live.empty() ? "/" : "  " + out.painted(Color::dim, summary_of(state, path, value));
    out.line(margin + (last ? "└── " : "├── ") + text);
    if (listed.has_entries_below && depth > 1) {
      draw(out, state, path, margin + (last ? "    " : "│   "), depth - 1);
    }
  };
  visit_names(state, directory, {}, [&](const Bytes& path, const ListedName& listed) {
    if (waiting) print(false);
    waiting = {path, listed};
    return Flow::go_on;
  });
  if (waiting) print(true);
}

Exit tree(Context& context, const Arguments& arguments) {
  const Bytes directory = directory_of(arguments.find("PATH"));
  Output& out = context.out();
  const State state = context.state();
  const Value here = directory_at(state, directory);
  if (out.is_json()) {
    visit_values(state, directory, {}, [&](const Bytes& path, const ListedName&) {
      out.object(entry_object(state, path, value_at(state, path), Detail::summary));
      return Flow::go_on;
    });
    return Exit::done;
  }
  std::string top = directory.empty() ? "/" : printable(directory);
  if (!here.live.empty()) top += "  " + summary_of(state, directory, here);
  out.line(top);
  draw(out, state, directory, "", arguments.number("depth").value_or(UINT64_MAX));
  return Exit::done;
}

Exit mv(Context& context, const Arguments& arguments) {
  const Bytes from = path_of(arguments.at("A")), to = path_of(arguments.at("B"));
  Branch branch = context.branch_to_write();
  const State before = must(branch.state(), "cannot read branch " + in_quotes(branch.name()));
  check_move(before, from, to);
  return write(context, branch, "mv " + printable(from) + " " + printable(to), [&](Tx& tx) {
    move_values(tx, must(tx.state(), "cannot read " + in_quotes(from)), from, to);
  });
}

}  // namespace

std::vector<Command> listing_commands() {
  const std::string_view some =
      "ukstore set notes/today 'buy milk' --quiet\nukstore op set tags add red --quiet";
  return {
      {.name = "ls",
       .usage = "[PATH]",
       .summary = "the names in a directory, one a line; directories end in /",
       .options = {{"recursive", 'r', "", "all values below it, by their full paths"},
                   {"long", 'l', "", "with type and size"},
                   {"limit", 0, "N", "at most so many"},
                   {"after", 0, "KEY", "from the first name (with -r: path) behind this one"}},
       .example = {some, "ukstore ls -r -l",
                   "notes/today              bytes, 8 bytes\ntags                     set of 1\n"},
       .run = ls},
      {.name = "tree",
       .usage = "[PATH]",
       .summary = "draws what is below a path",
       .options = {{"depth", 0, "N", "at most so many levels"}},
       .example = {some, "ukstore tree",
                   "/\n├── notes/\n│   └── today  bytes, 8 bytes\n└── tags  set of 1\n"},
       .run = tree},
      {.name = "mv",
       .usage = "A B",
       .summary = "moves what is at path A and below it to path B; prints the head",
       .more = "The values are written anew: what others do to A meanwhile stays at A.",
       .options = {{"message", 'm', "MSG", "the message of the commit"}},
       .example = {some, "ukstore mv notes/today notes/done --quiet && ukstore ls -r",
                   "notes/done\ntags\n"},
       .run = mv},
  };
}

}  // namespace ukstore::cli
