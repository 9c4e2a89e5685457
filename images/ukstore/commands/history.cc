// log, show, diff and blame: what was.
#include <ukstore/images/ukstore/changes.h>
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/graph_drawing.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/state_walk.h>
#include <ukstore/store/history.h>

namespace ukstore::cli {
namespace {

StoredCommit commit_at(Context& context, const ObjectRef& ref) {
  return must(context.repo(Access::read).store().commit(ref),
              "cannot read commit " + to_hex(ref.hash));
}

void print_commit(Context& context, const ObjectRef& ref, GraphDrawing* graph) {
  Output& out = context.out();
  const StoredCommit commit = commit_at(context, ref);
  if (out.is_json()) return out.object(commit_object(commit));
  std::string line = commit_line(commit);
  line = out.painted(Color::yellow, line.substr(0, 12)) + line.substr(12);
  if (!graph) return out.line(line);
  const auto drawn = graph->lines_for(commit);
  out.line(drawn[0] + line);
  for (size_t i = 1; i < drawn.size(); ++i) {
    out.line(drawn[i].substr(0, drawn[i].find_last_not_of(' ') + 1));
  }
}

// The commits that made a path what it is; nothing if it never was.
std::vector<PathChange> history_of(Context& context, const ObjectRef& start, const Bytes& path,
                                   uint64_t limit) {
  const auto source = must(context.repo(Access::read).store().commits(), "cannot read the history");
  WalkBudget budget;
  return must(path_history(*source, start, path, limit, budget),
              "cannot read the history of " + in_quotes(path));
}

void log_all(Context& context, const ObjectRef& start, uint64_t limit, GraphDrawing* graph) {
  const std::string doing = "cannot read the history";
  const auto source = must(context.repo(Access::read).store().commits(), doing);
  WalkBudget budget;
  const ObjectRef from = must(source->resolve(start), doing);
  Log log = must(Log::start(*source, {&from, 1}, {}, budget), doing);
  while (limit-- > 0) {
    const auto next = must(log.next(), doing);
    if (!next) return;
    print_commit(context, next->ref, graph);
  }
}

Exit log(Context& context, const Arguments& arguments) {
  const uint64_t limit = arguments.number("number").value_or(UINT64_MAX);
  std::optional<ObjectRef> start;
  if (const auto revision = arguments.find("REV")) {
    start = resolve_revision(context, *revision);
  } else {
    start = context.commit();
  }
  GraphDrawing graph;
  GraphDrawing* const drawing = arguments.has("graph") ? &graph : nullptr;
  const auto first = arguments.find("PATH");
  if (first && start) {
    // One word is a path if there is or was something at it, else a revision.
    const Bytes path = check_path(*first) ? directory_of(first) : Bytes();
    const auto changes =
        path.empty() ? std::vector<PathChange>() : history_of(context, *start, path, limit);
    for (const PathChange& change : changes) print_commit(context, change.commit.ref, nullptr);
    if (!changes.empty()) return Exit::done;
    if (arguments.find("REV")) {
      throw Failure{Exit::not_found,
                    "there never was anything at " + in_quotes(*first) + " in " +
                        in_quotes(arguments.at("REV")),
                    {},
                    {"see what was: ukstore ls --at " + shell_word(arguments.at("REV"))}};
    }
  }
  if (first) start = path_or_revision(context, *first);
  if (start) log_all(context, *start, limit, drawing);
  return Exit::done;
}

void print_head(Output& out, const StoredCommit& stored) {
  const Commit& commit = stored.commit;
  out.line(out.painted(Color::yellow, "commit " + to_hex(stored.ref.hash)));
  for (const ObjectRef& parent : commit.parents) out.line("parent " + to_hex(parent.hash));
  out.line("tree   " + to_hex(commit.tree.hash));
  if (commit.author) {
    out.line("author " + printable(commit.author->name));
    out.line("date   " + date_text(commit.author->seconds));
  }
  if (commit.canonical_merge) out.line("merge  by the rules alone");
  if (commit.message.empty()) return;
  out.line("");
  for (size_t start = 0; start < commit.message.size();) {
    const size_t end = std::min(commit.message.find('\n', start), commit.message.size());
    out.line("    " + printable(BytesView(commit.message).substr(start, end - start)));
    start = end + 1;
  }
}

Exit show(Context& context, const Arguments& arguments) {
  Output& out = context.out();
  const StoredCommit stored = commit_at(
      context,
      resolve_revision(context, arguments.find("REV").value_or(
                                    context.option("at").value_or(context.branch_name()))));
  const auto& parents = stored.commit.parents;
  const State before =
      state_of(context, parents.empty() ? std::nullopt : std::optional(parents[0]));
  const State after = state_of(context, stored.ref);
  if (out.is_json()) {
    out.object(commit_object(stored));
  } else {
    print_head(out, stored);
    out.line("");
  }
  const ChangeCounts counts = print_changes(out, before, after, {});
  if (!out.is_json()) out.line(text_of(counts));
  return Exit::done;
}

Exit diff(Context& context, const Arguments& arguments) {
  Output& out = context.out();
  const State before = state_of(context, resolve_revision(context, arguments.at("A")));
  const State after = state_of(context, resolve_revision(context, arguments.at("B")));
  const Bytes path = directory_of(arguments.find("PATH"));
  if (!path.empty() && !must(before.value(path), "cannot read " + in_quotes(path))) {
    value_at(after, path);  // a path that neither has is mistyped
  }
  if (!arguments.has("stat")) {
    print_changes(out, before, after, path);
    return Exit::done;
  }
  const ChangeCounts counts = count_changes(before, after, path);
  if (out.is_json()) {
    out.object(object_of(counts));
  } else {
    out.line(text_of(counts));
  }
  return Exit::done;
}

Exit blame(Context& context, const Arguments& arguments) {
  const Bytes path = directory_of(arguments.at("PATH"));
  Output& out = context.out();
  const State state = context.state();
  const auto head = context.commit();
  const auto print = [&](const Bytes& at, const ListedName&) {
    const auto changes = history_of(context, *head, at, 1);
    if (changes.empty()) return Flow::go_on;
    const StoredCommit commit = commit_at(context, changes[0].commit.ref);
    if (out.is_json()) {
      Json object = Json::object();
      put_bytes(object, "path", at);
      const Json about = commit_object(commit);
      for (const auto& [name, value] : about.items()) object[name] = value;
      out.object(object);
    } else {
      out.line(commit_line(commit) + "  " + out.painted(Color::bold, printable(at)));
    }
    return Flow::go_on;
  };
  if (path.empty() ? true : value_at(state, path).live.empty()) {
    visit_values(state, path, {}, print);
    return Exit::done;
  }
  print(path, {});
  visit_values(state, path, {}, print);
  return Exit::done;
}

}  // namespace

std::vector<Command> history_commands() {
  const std::string_view two =
      "ukstore set a 1 -m first --quiet\nukstore set b 2 -m second --quiet";
  return {
      {.name = "log",
       .usage = "[PATH] [REV]",
       .summary = "the commits, newest first; with PATH those that made it what it is",
       .more = "One word is a path if there is or was something at it, else a revision.",
       .options = {{"number", 'n', "N", "at most so many"},
                   {"graph", 0, "", "draws who is whose parent"}},
       .example = {two,
                   "UKSTORE_AUTHOR=ann UKSTORE_DATE=0 ukstore set a 3 -m third --quiet && "
                   "ukstore log -n 1",
                   "HASH 1970-01-01 00:00 ann: third\n"},
       .run = log},
      {.name = "show",
       .usage = "[REV]",
       .summary = "a commit, and what it changed",
       .example = {two, "ukstore show main~1 | tail -n 2",
                   "+ a  bytes \"1\"\n"
                   "1 added, 0 removed, 0 updated\n"},
       .run = show},
      {.name = "diff",
       .usage = "A B [PATH]",
       .summary = "what differs between two revisions",
       .options = {{"stat", 0, "", "only how much"}},
       .example = {two, "ukstore diff main~1 main", "+ b  bytes \"2\"\n"},
       .run = diff},
      {.name = "blame",
       .usage = "PATH",
       .summary = "for each value at and below a path the commit that made it what it is",
       .example = {two, "ukstore blame a | sed 's/ .*:/:/'", "HASH: first  a\n"},
       .run = blame},
  };
}

}  // namespace ukstore::cli
