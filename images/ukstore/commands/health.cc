// fsck and stat: is it whole, and how much is it.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/progress.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/store_id.h>
#include <ukstore/store/check.h>
#include <ukstore/store/history.h>

namespace ukstore::cli {
namespace {

void print(Output& out, const Problem& problem) {
  if (out.is_json()) {
    Json object = {{"where", name(problem.where)}};
    put_bytes(object, "name", problem.name);
    put_bytes(object, "what", problem.what);
    if (problem.rescue) object["rescue"] = to_hex(problem.rescue->ref.hash);
    return out.object(object);
  }
  std::string line = out.painted(Color::red, std::string(name(problem.where))) + " " +
                     printable(problem.name) + ": " + printable(problem.what);
  if (problem.rescue) line += "; whole at " + to_hex(problem.rescue->ref.hash);
  out.line(line);
}

void print(Output& out, const CheckReport& report) {
  for (const Problem& problem : report.problems) print(out, problem);
  if (out.is_json()) {
    return out.object({{"clean", report.clean()},
                       {"problems", report.problem_count},
                       {"segments", report.segments},
                       {"objects", report.objects},
                       {"bytes", report.object_bytes},
                       {"commits", report.commits},
                       {"refs", report.refs},
                       {"journal", report.entries}});
  }
  out.note(std::to_string(report.objects) + " objects, " + std::to_string(report.commits) +
           " commits, " + std::to_string(report.refs) + " refs, " + std::to_string(report.entries) +
           " journal entries: " +
           (report.clean() ? "clean" : std::to_string(report.problem_count) + " problems"));
}

CheckReport check(Context& context, Backend& backend, const Arguments& arguments) {
  CheckOptions options;
  if (arguments.has("deep")) options.depth = CheckOptions::Depth::deep;
  Progress progress(context, "checking", "segments");
  options.progress = [&](const CheckProgress& done) {
    progress.total(done.segments);
    progress.at(done.segments_done);
    return Flow::go_on;
  };
  return must(check_store(backend, options), "cannot check the store");
}

Exit fsck(Context& context, const Arguments& arguments) {
  const bool repair = arguments.has("repair");
  const auto backend = context.backend(repair ? Access::write : Access::read);
  CheckReport report = check(context, *backend, arguments);
  print(context.out(), report);
  if (report.clean()) return Exit::done;
  if (repair) {
    const auto moved = must(repair_store(*backend, report,
                                         {.refs = RepairOptions::Refs::move_back,
                                          .journal = RepairOptions::Journal::start_anew,
                                          .when_ms = context.now_ms()}),
                            "cannot repair the store");
    for (const RefChange& change : moved) {
      if (!context.out().is_json()) {
        context.out().line("moved back: " + printable(change.name) + " to " +
                           (change.after ? to_hex(change.after->ref.hash) : "nothing"));
      }
    }
    report = check(context, *backend, arguments);
    print(context.out(), report);
    if (report.clean()) return Exit::done;
  }
  context.out().flush();
  Failure failure{Exit::corrupt, "the store " + in_quotes(context.store_folder().string()) +
                                     " has " + std::to_string(report.problem_count) + " problems"};
  failure.hints.push_back("copy it first, as it is: cp -a " +
                          shell_word(context.store_folder().string()) + " COPY");
  failure.hints.push_back(repair
                              ? "restore a backup: ukstore --store DIR restore FILE"
                              : "then move branches back to what is whole: ukstore fsck --repair");
  throw failure;
}

Exit stat(Context& context, const Arguments&) {
  Store& store = context.repo(Access::read).store();
  const std::string doing = "cannot count";
  uint64_t branches = 0, tags = 0, commits = 0;
  std::vector<ObjectRef> starts;
  const auto source = must(store.commits(), doing);
  for (const Ref& ref : all_refs(context)) {
    ++(ref.kind == RefKind::branch ? branches : tags);
    if (ref.head.kind == ObjectKind::commit) {
      starts.push_back(must(source->resolve(ref.head.ref), doing));
    }
  }
  WalkBudget budget;
  Log log = must(Log::start(*source, starts, {}, budget), doing);
  Progress progress(context, "counting", "commits");
  while (must(log.next(), doing)) progress.at(++commits);
  const State state = context.state();
  std::error_code error;
  const uint64_t file = std::filesystem::file_size(context.store_folder() / "data.mdb", error);
  const uint64_t journal = must(store.last_sequence(), doing);
  Output& out = context.out();
  if (out.is_json()) {
    out.object({{"id", store_id(store)},
                {"file_size", error ? 0 : file},
                {"branches", branches},
                {"tags", tags},
                {"commits", commits},
                {"journal", journal},
                {"count", state.tree().count()},
                {"size", state.tree().bytes()}});
    return Exit::done;
  }
  out.line("file      " + std::to_string(error ? 0 : file) + " bytes");
  out.line("branches  " + std::to_string(branches));
  out.line("tags      " + std::to_string(tags));
  out.line("commits   " + std::to_string(commits));
  out.line("journal   " + std::to_string(journal) + " entries");
  out.line("holds     " + std::to_string(state.tree().count()) + " entries at the top, " +
           std::to_string(state.tree().bytes()) + " bytes");
  return Exit::done;
}

}  // namespace

std::vector<Command> health_commands() {
  return {
      {.name = "fsck",
       .usage = "",
       .summary = "checks the whole store; exit code 8 if anything is damaged",
       .more = "--repair makes up no data: refs that lead to damage go back to what is whole, the "
               "index is built anew,\nand a journal that cannot be read is started anew.",
       .options = {{"deep", 0, "", "every object is hashed again, too"},
                   {"repair", 0, "", "mends what can be mended; copy the store before"}},
       .example = {"ukstore set a 1 --quiet", "ukstore fsck --deep",
                   "2 objects, 1 commits, 1 refs, 1 journal entries: clean\n"},
       .run = fsck},
      {.name = "stat",
       .usage = "",
       .summary = "how much is in the store",
       .example = {"ukstore set a 1 --quiet", "ukstore stat | grep commits", "commits   1\n"},
       .run = stat},
  };
}

}  // namespace ukstore::cli
