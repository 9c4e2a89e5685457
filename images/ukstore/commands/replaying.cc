// revert, reset and cherry-pick: what a commit did, done again or taken back.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/revision.h>

namespace ukstore::cli {
namespace {

ReplayOptions options_of(Context& context, const Arguments& arguments, const std::string& message) {
  ReplayOptions options{.info = context.commit_info(message)};
  if (arguments.has("again")) options.again = Again::allowed;
  const std::string policy = arguments.option("on-conflict").value_or("keep-both");
  options.policy = policy == "fail"     ? Policy::fail
                   : policy == "ours"   ? Policy::ours
                   : policy == "theirs" ? Policy::theirs
                                        : Policy::keep_both;
  if (const auto parent = arguments.option("parent")) {
    options.parent = resolve_revision(context, *parent);
  }
  return options;
}

std::string_view word_of(ReplayOutcome::How how) {
  switch (how) {
    case ReplayOutcome::How::unchanged:
      return "up-to-date";
    case ReplayOutcome::How::committed:
      return "committed";
    case ReplayOutcome::How::moved:
      return "moved";
    case ReplayOutcome::How::refused:
      return "refused";
  }
  return "";
}

Json paths_of(const std::vector<Bytes>& paths) {
  Json array = Json::array();
  for (const Bytes& path : paths) {
    Json object = Json::object();
    put_bytes(object, "path", path);
    array.push_back(std::move(object));
  }
  return array;
}

Exit print(Context& context, const ReplayOutcome& outcome) {
  Output& out = context.out();
  const bool refused = outcome.how == ReplayOutcome::How::refused;
  if (out.is_json()) {
    out.object({{"result", word_of(outcome.how)},
                {"commit", refused ? Json(nullptr) : Json(to_hex(outcome.head.hash))},
                {"conflicts", paths_of(outcome.conflicts)},
                {"kept", paths_of(outcome.kept)}});
  } else {
    for (const Bytes& path : outcome.conflicts) {
      out.line(out.painted(Color::red, "conflict") + "  " + printable(path));
    }
    for (const Bytes& path : outcome.kept) out.line("kept ours  " + printable(path));
    if (!refused) out.note(to_hex(outcome.head.hash));
  }
  if (outcome.conflicts.empty() && !refused) return Exit::done;
  out.flush();
  if (refused) {
    throw Failure{Exit::conflict,
                  "nothing was changed: the branch had changed the same",
                  {},
                  {"keep both values: --on-conflict keep-both"}};
  }
  return Exit::conflict;
}

Failure advised(Failure failure, const std::string& revision) {
  // A merge has parents without an order: the error of the library says so, the hint how to choose.
  if (failure.exit == Exit::user_error && !failure.causes.empty() &&
      failure.causes[0].contains("parent")) {
    failure.hints = {"say which: --parent " + shell_word(revision + "^1") + ", or ^2"};
  }
  return failure;
}

Exit replayed(Context& context, const Arguments& arguments, const std::string& verb) {
  Branch branch = context.branch_to_write();
  const std::string revision = arguments.at("REV");
  const ObjectRef commit = resolve_revision(context, revision);
  const ReplayOptions options =
      options_of(context, arguments, verb + " " + to_hex(commit.hash).substr(0, 12));
  const Committing committing(context);
  try {
    const std::string doing = "cannot " + verb + " " + in_quotes(revision);
    return print(context, must(verb == "revert" ? branch.revert(commit, options)
                                                : branch.cherry_pick(commit, options),
                               doing));
  } catch (const Failure& failure) {
    throw advised(failure, revision);
  }
}

Exit revert(Context& context, const Arguments& arguments) {
  return replayed(context, arguments, "revert");
}
Exit cherry_pick(Context& context, const Arguments& arguments) {
  return replayed(context, arguments, "cherry-pick");
}

Exit reset(Context& context, const Arguments& arguments) {
  Branch branch = context.branch_to_write();
  const std::string revision = arguments.at("REV");
  const ObjectRef commit = resolve_revision(context, revision);
  const Committing committing(context);
  return print(context,
               must(branch.reset(commit, context.commit_info("reset to " + revision)),
                    "cannot reset " + in_quotes(branch.name()) + " to " + in_quotes(revision)));
}

}  // namespace

std::vector<Command> replay_commands() {
  const std::string_view two = "ukstore set a 1 --quiet\nukstore set a 2 --quiet";
  const std::vector<Option> options = {
      {"again", 0, "", "even where it would count twice after a merge with where it came from"},
      {"on-conflict",
       0,
       "HOW",
       "where the branch has changed the same",
       {"keep-both", "fail", "ours", "theirs"}},
      {"parent", 0, "REV", "of a merge: the parent that it is compared with"},
      {"message", 'm', "MSG", "the message of the commit"}};
  return {
      {.name = "revert",
       .usage = "REV",
       .summary = "takes back what a commit did, as a new commit",
       .more = "Counters and logs would count twice if the branch ever merged: refused unless "
               "--again.",
       .options = options,
       .example = {two, "ukstore revert main --quiet && ukstore get a", "1"},
       .run = revert},
      {.name = "reset",
       .usage = "REV",
       .summary = "makes the branch what it was at a revision",
       .more =
           "Moves the head; on a branch that others may hold it commits the inverse.  undo takes "
           "it back.",
       .options = {{"message", 'm', "MSG", "the message, where a commit is made"}},
       .example = {two, "ukstore reset main~1 --quiet && ukstore get a", "1"},
       .run = reset},
      {.name = "cherry-pick",
       .usage = "REV",
       .summary = "does to the branch what a commit did, as a new commit",
       .more = "Counters and logs would count twice if the branch ever merged where it came from: "
               "refused\nunless --again.",
       .options = options,
       .example = {"ukstore set a 1 --quiet\nukstore branch create draft --quiet\n"
                   "ukstore set b 2 --branch draft --quiet",
                   "ukstore cherry-pick draft --quiet && ukstore get b", "2"},
       .run = cherry_pick},
  };
}

}  // namespace ukstore::cli
