// merge and merge-base.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/merge_text.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/store/history.h>

namespace ukstore::cli {
namespace {

MergeOptions options_of(Context& context, const Arguments& arguments) {
  MergeOptions options;
  const std::string policy = arguments.option("on-conflict").value_or("keep-both");
  options.policy = policy == "fail"      ? Policy::fail
                   : policy == "ours"    ? Policy::ours
                   : policy == "theirs"  ? Policy::theirs
                   : policy == "changed" ? Policy::changed
                                         : Policy::keep_both;
  if (arguments.has("explain")) options.explain = Explain::yes;
  if (arguments.has("dry-run")) options.run = Run::dry;
  options.info = context.commit_info("merge " + printable(arguments.at("REV")));
  if (options.policy == Policy::keep_both && !arguments.has("message")) {
    // The canonical merge says nothing but what the rules say.
    options.info.author.reset();
    options.info.committer.reset();
    options.info.message.clear();
  }
  return options;
}

Json explanation_object(const Explanation& explanation) {
  Json object = Json::object();
  put_bytes(object, "path", explanation.path);
  object["rule"] = explanation.rule;
  object["base"] = explanation.base;
  object["ours"] = explanation.ours;
  object["theirs"] = explanation.theirs;
  object["result"] = explanation.result;
  return object;
}

// The conflicts where no merge was made: their paths.
Json paths_of(const MergeOutcome& outcome) {
  Json conflicts = Json::array();
  for (const Bytes& path : outcome.conflicts) {
    Json object = Json::object();
    put_bytes(object, "path", path);
    conflicts.push_back(std::move(object));
  }
  return conflicts;
}

// What both sides wrote to a typed value stands twice: the entry was written by both, which says
// little, and the value merged, which says all.
std::vector<Explanation> telling(const std::vector<Explanation>& all) {
  std::vector<Explanation> kept;
  for (size_t i = 0; i < all.size(); ++i) {
    const bool same_next = i + 1 < all.size() && all[i + 1].path == all[i].path;
    if (!(all[i].rule == "writes" && same_next)) kept.push_back(all[i]);
  }
  return kept;
}

void print_outcome(Context& context, const Arguments& arguments, const MergeOutcome& outcome,
                   bool left) {
  Output& out = context.out();
  const bool dry = arguments.has("dry-run");
  const bool made = !dry && outcome.how != MergeOutcome::How::refused;
  if (out.is_json()) {
    Json object = {
        {"result", result_word(outcome.how)},
        {"commit", made ? Json(to_hex(outcome.head.hash)) : Json(nullptr)},
        {"conflicts", made && left ? conflicts_of(context, outcome) : paths_of(outcome)}};
    if (dry) object["dry_run"] = true;
    if (arguments.has("explain")) {
      object["explanations"] = Json::array();
      for (const Explanation& one : telling(outcome.explanations)) {
        object["explanations"].push_back(explanation_object(one));
      }
    }
    return out.object(object);
  }
  for (const Explanation& one : telling(outcome.explanations)) {
    out.line(out.painted(Color::bold, printable(one.path)) + "  by " + one.rule);
    out.line("  base    " + one.base);
    out.line("  ours    " + one.ours);
    out.line("  theirs  " + one.theirs);
    out.line("  result  " + one.result);
  }
  for (const Bytes& path : outcome.conflicts) {
    out.line(out.painted(Color::red, "conflict") + "  " + printable(path));
  }
  std::string line(result_word(outcome.how));
  if (dry) line = "would be " + line;
  out.note(made ? line + " " + to_hex(outcome.head.hash) : line);
}

Exit merge(Context& context, const Arguments& arguments) {
  Branch branch = context.branch_to_write();
  const ObjectRef theirs = resolve_revision(context, arguments.at("REV"));
  const MergeOptions options = options_of(context, arguments);
  const Committing committing(context);
  const MergeOutcome outcome =
      must(branch.merge(theirs, options),
           "cannot merge " + in_quotes(arguments.at("REV")) + " into " + in_quotes(branch.name()));
  const bool settled = options.policy == Policy::ours || options.policy == Policy::theirs;
  const bool left = !outcome.conflicts.empty() && !settled;
  print_outcome(context, arguments, outcome, left);
  if (!left) return Exit::done;
  context.out().flush();
  if (outcome.how == MergeOutcome::How::refused) {
    throw Failure{Exit::conflict,
                  "the merge of " + in_quotes(arguments.at("REV")) + " was refused",
                  {std::to_string(outcome.conflicts.size()) + " paths would hold a conflict"},
                  {"keep all values: ukstore merge " + shell_word(arguments.at("REV"))}};
  }
  if (!context.out().is_json() && !arguments.has("dry-run")) {
    context.out().note("next: ukstore conflicts, then ukstore resolve PATH VALUE");
  }
  return Exit::conflict;
}

Exit merge_base(Context& context, const Arguments& arguments) {
  const ObjectRef a = resolve_revision(context, arguments.at("A"));
  const ObjectRef b = resolve_revision(context, arguments.at("B"));
  const std::string doing = "cannot find the merge base";
  const auto source = must(context.repo(Access::read).store().commits(), doing);
  WalkBudget budget;
  auto bases = must(merge_bases(*source, a, b, budget), doing);
  std::vector<std::string> hashes;
  for (const WalkedCommit& base : bases) hashes.push_back(to_hex(base.ref.hash));
  if (hashes.empty()) {
    throw Failure{Exit::not_found,
                  in_quotes(arguments.at("A")) + " and " + in_quotes(arguments.at("B")) +
                      " have no common ancestor",
                  {},
                  {"they merge all the same: ukstore merge " + shell_word(arguments.at("B"))}};
  }
  if (!arguments.has("all")) hashes.resize(1);
  std::ranges::sort(hashes);
  for (const std::string& hash : hashes) {
    if (context.out().is_json()) {
      context.out().object({{"commit", hash}});
    } else {
      context.out().line(hash);
    }
  }
  return Exit::done;
}

}  // namespace

std::vector<Command> merge_commands() {
  const std::string_view apart =
      "ukstore op counter hits add 1 --quiet\nukstore branch create draft --quiet\n"
      "ukstore op counter hits add 10 --quiet\n"
      "ukstore op counter hits add 100 --branch draft --quiet";
  return {
      {.name = "merge",
       .usage = "REV",
       .summary = "merges a revision into the branch; exit code 4 if a conflict remains",
       .more = "Without options the merge is canonical: who merges the same heads makes the same "
               "commit.\n"
               "--on-conflict changed compares states as git does: where one side shows what the "
               "base shows,\nthe other's change is taken, a removal too, though both wrote.",
       .options = {{"dry-run", 0, "", "only say what would come of it"},
                   {"explain", 0, "", "for each path base, ours, theirs, rule and result"},
                   {"on-conflict",
                    0,
                    "HOW",
                    "what becomes of conflicts",
                    {"keep-both", "fail", "ours", "theirs", "changed"}},
                   {"message", 'm', "MSG", "an ordinary commit with this message"}},
       .example = {apart, "ukstore merge draft --explain",
                   "hits  by dots\n  base    counter 1\n  ours    counter 11\n"
                   "  theirs  counter 101\n  result  counter 111\nmerged HASH\n"},
       .run = merge},
      {.name = "merge-base",
       .usage = "A B",
       .summary = "the newest common ancestor of two revisions",
       .options = {{"all", 0, "", "every maximal common ancestor, sorted"}},
       .example = {apart, "ukstore merge-base main draft --all", "HASH\n"},
       .run = merge_base},
  };
}

}  // namespace ukstore::cli
