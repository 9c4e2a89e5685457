// fsck and stat: is it whole, and how much is it.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/files.h>
#include <ukstore/images/ukstore/progress.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/store_id.h>
#include <ukstore/store/check.h>
#include <ukstore/store/history.h>
#include <ukstore/store/memory_backend.h>
#include <ukstore/store/mend.h>
#include <ukstore/store/slice.h>

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

// The store that --repair-from names: another store's folder, one that holds it, or a backup.
std::unique_ptr<Store> open_helper(Context& context, const std::string& name) {
  namespace fs = std::filesystem;
  const std::string doing = "cannot read " + in_quotes(name);
  const fs::path path = context.place(name);
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    auto store = must(Store::open(make_memory_backend()), doing);
    OldFile file(name, path, context.process().in);
    must(apply_slice(*store, [&](std::span<char> to) -> Result<size_t> { return file.read(to); }),
         doing);
    return store;
  }
  for (const fs::path& folder : {path, path / ".ukstore"}) {
    if (!fs::exists(folder / "data.mdb", error)) continue;
    if (fs::equivalent(folder, context.store_folder(), error)) {
      throw Failure{Exit::user_error,
                    in_quotes(name) + " is the store itself",
                    {},
                    {"name a clone or a backup of it: ukstore fsck --repair-from PATH"}};
    }
    auto backend =
        must(open_lmdb_backend({.path = folder, .mode = LmdbOptions::Mode::read_only}), doing);
    return must(Store::open(std::move(backend)), doing);
  }
  throw Failure{Exit::not_found,
                "there is no store and no backup at " + in_quotes(name),
                {},
                {"see what is there: ls " + shell_word(path.parent_path().string())}};
}

void mend(Context& context, Backend& backend, const std::string& name) {
  const auto helper = open_helper(context, name);
  const auto fetch = [&](const Hash& hash) -> Result<std::optional<FetchedObject>> {
    auto view = helper->objects().load(hash, {});
    // What the helper itself has damaged it cannot give.
    if (!view && (view.error().kind == Error::Kind::not_found ||
                  view.error().kind == Error::Kind::corrupt)) {
      return std::nullopt;
    }
    if (!view) return pass_on(view);
    return FetchedObject{view->kind, Bytes(view->bytes)};
  };
  const MendReport mended = must(mend_store(backend, fetch), "cannot mend the store");
  Output& out = context.out();
  if (out.is_json()) {
    Json missing = Json::array();
    for (const Hash& hash : mended.missing) missing.push_back(to_hex(hash));
    return out.object({{"mended_from", name},
                       {"segments", mended.segments},
                       {"kept", mended.kept},
                       {"fetched", mended.fetched},
                       {"missing", std::move(missing)},
                       {"missing_journal", mended.missing_journal}});
  }
  out.line("mended from " + printable(name) + ": " + std::to_string(mended.segments) +
           " damaged segments written anew, " + std::to_string(mended.fetched) +
           " objects fetched");
  for (const Hash& hash : mended.missing) out.line("it lacks object " + to_hex(hash));
}

// What the repairs leave to say.
Failure remaining(Context& context, const Arguments& arguments, const CheckReport& report) {
  const std::string folder = context.store_folder().string();
  Failure failure{Exit::corrupt, "the store " + in_quotes(folder) + " has " +
                                     std::to_string(report.problem_count) + " problems"};
  failure.hints.push_back("copy it first, as it is: cp -a " + shell_word(folder) + " COPY");
  if (!arguments.has("repair-from")) {
    failure.hints.push_back(
        "take what is lost from a clone or a backup: ukstore fsck --repair-from PATH");
  }
  failure.hints.push_back(arguments.has("repair")
                              ? "restore a backup: ukstore --store DIR restore FILE"
                              : "move branches back to what is whole: ukstore fsck --repair");
  return failure;
}

Exit fsck(Context& context, const Arguments& arguments) {
  const bool repair = arguments.has("repair");
  const auto helper = arguments.option("repair-from");
  const auto backend = context.backend(repair || helper ? Access::write : Access::read);
  CheckReport report = check(context, *backend, arguments);
  print(context.out(), report);
  if (report.clean()) return Exit::done;
  if (helper) {
    mend(context, *backend, *helper);
    report = check(context, *backend, arguments);
    print(context.out(), report);
    if (report.clean()) return Exit::done;
  }
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
  throw remaining(context, arguments, report);
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
               "index is built anew,\nand a journal that cannot be read is started anew.\n"
               "--repair-from takes the objects that are lost from PEER: another store's folder or "
               "a backup.\nIts objects are hashed; it need not be trusted.  With both, it goes "
               "first.",
       .options = {{"deep", 0, "", "every object is hashed again, too"},
                   {"repair", 0, "", "mends what can be mended; copy the store before"},
                   {"repair-from", 0, "PEER", "fetches what is lost from a store or a backup"}},
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
