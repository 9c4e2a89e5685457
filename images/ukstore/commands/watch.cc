// watch: changes as they come.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/shell.h>
#include <ukstore/images/ukstore/state_walk.h>

namespace ukstore::cli {
namespace {

constexpr std::chrono::milliseconds kLook(60'000);

// The journal entry after which the branch was at a revision.
uint64_t sequence_of(Store& store, const Bytes& branch, const ObjectRef& commit,
                     const std::string& revision) {
  uint64_t from = 0;
  for (;;) {
    const auto entries =
        must(store.journal(from, 256, Direction::backward), "cannot read the journal");
    for (const JournalEntry& entry : entries) {
      for (const RefChange& change : entry.changes) {
        if (change.name == branch && change.after && change.after->ref == commit) {
          return entry.sequence;
        }
      }
    }
    if (entries.empty() || entries.back().sequence == 1) break;
    from = entries.back().sequence - 1;
  }
  throw Failure{
      Exit::not_found,
      "branch " + in_quotes(branch) + " never was at " + in_quotes(revision),
      {"commit " + to_hex(commit.hash) + " is no head that the journal of this store knows"},
      {"see the heads that it had: ukstore journal --branch " + shell_word(branch)}};
}

// The paths of an event, those within typed values once.
std::vector<Bytes> paths_of(const WatchEvent& event) {
  std::vector<Bytes> paths;
  for (const Bytes& raw : event.paths) {
    Bytes path = value_path(raw.starts_with('/') ? BytesView(raw).substr(1) : BytesView(raw));
    if (paths.empty() || paths.back() != path) paths.push_back(std::move(path));
  }
  return paths;
}

Json object_of(const WatchEvent& event, const std::vector<Bytes>& paths) {
  const RefChange& change = event.change;
  Json object = {{"journal", event.sequence}};
  put_bytes(object, "branch", change.name);
  object["before"] = change.before ? Json(to_hex(change.before->ref.hash)) : Json(nullptr);
  object["head"] = change.after ? Json(to_hex(change.after->ref.hash)) : Json(nullptr);
  object["paths"] = Json::array();
  object["all_paths"] = event.paths.size() < kWatchPathsMax;
  for (const Bytes& path : paths) {
    Json one = Json::object();
    put_bytes(one, "path", path);
    object["paths"].push_back(std::move(one));
  }
  return object;
}

void print(Context& context, const WatchEvent& event, const std::vector<Bytes>& paths) {
  Output& out = context.out();
  if (out.is_json()) {
    out.object(object_of(event, paths));
  } else {
    std::string line = std::to_string(event.sequence) + " " + printable(event.change.name) + " " +
                       (event.change.after ? short_hash(event.change.after->ref.hash) : "gone");
    for (const Bytes& path : paths) line += " " + printable(path);
    if (event.paths.size() >= kWatchPathsMax) line += " ...";
    out.line(line);
  }
  out.flush();
}

void execute(Context& context, const std::string& command, const WatchEvent& event,
             const std::vector<Bytes>& paths) {
  std::map<std::string, std::string> variables{
      {"UKSTORE_BRANCH", event.change.name},
      {"UKSTORE_JOURNAL", std::to_string(event.sequence)},
      {"UKSTORE_HEAD", event.change.after ? to_hex(event.change.after->ref.hash) : ""},
      {"UKSTORE_STORE", std::filesystem::absolute(context.store_folder()).string()}};
  if (paths.size() == 1) variables["UKSTORE_PATH"] = paths[0];
  const int status = run_shell(command, line_of(object_of(event, paths)) + "\n", variables);
  if (status == 0) return;
  throw Failure{Exit::user_error,
                "the command " + in_quotes(command) + " failed",
                {"it ended with exit code " + std::to_string(status)},
                {"to go on behind it: ukstore watch --since-journal " +
                 std::to_string(event.sequence) + " --exec ..."}};
}

Exit watch(Context& context, const Arguments& arguments) {
  const Bytes path = directory_of(arguments.find("PATH"));
  Store& store = context.repo(Access::read).store();
  const Bytes branch = context.branch_name();
  if (arguments.has("branch") && !find_ref(context, RefKind::branch, branch)) {
    throw no_such_branch(context, branch);
  }
  const uint64_t newest = must(store.last_sequence(), "cannot read the journal");
  uint64_t after = newest;
  if (const auto revision = arguments.option("since")) {
    after = sequence_of(store, branch, resolve_revision(context, *revision), *revision);
  }
  if (const auto sequence = arguments.number("since-journal")) {
    if (*sequence > newest) throw no_such_entry(*sequence, newest);
    after = *sequence;
  }
  uint64_t left = arguments.number("number").value_or(UINT64_MAX);
  const auto command = arguments.option("exec");
  set_phase(Phase::following);
  while (left > 0) {
    constexpr size_t kEvents = 100;
    const uint64_t last = must(store.last_sequence(), "cannot read the journal");
    const auto events = must(store.changes({.branch = branch, .path = path}, after, kEvents),
                             "cannot read the changes");
    for (const WatchEvent& event : events) {
      after = event.sequence;
      if (left == 0) break;
      --left;
      const auto paths = paths_of(event);
      print(context, event, paths);
      if (command) execute(context, *command, event, paths);
    }
    if (!events.empty()) continue;
    after = std::max(after, last);
    must(store.wait(after, kLook), "cannot wait for changes");
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> watch_commands() {
  return {
      {.name = "watch",
       .usage = "[PATH]",
       .summary = "a line for each change of the branch, at a path and below it, as it comes",
       .more = "A line holds the number of the journal entry, branch, head and paths.  Nothing is "
               "lost however slow the\nreader; ctrl-C ends it.  The command of --exec finds the "
               "change as JSON on its standard input, and in\nUKSTORE_BRANCH, UKSTORE_HEAD, "
               "UKSTORE_JOURNAL and, if it is one, UKSTORE_PATH.",
       .options = {{"exec", 0, "CMD", "runs a shell command for each change"},
                   {"since", 0, "REV", "from where the branch was at this revision"},
                   {"since-journal", 0, "N", "from behind entry N of the journal"},
                   {"number", 'n', "N", "ends after so many changes"}},
       .example = {"ukstore set a 1 --quiet\nukstore set b/c 2 --quiet",
                   "ukstore watch --since-journal 0 -n 2", "1 main HASH a\n2 main HASH b/c\n"},
       .run = watch},
  };
}

}  // namespace ukstore::cli
