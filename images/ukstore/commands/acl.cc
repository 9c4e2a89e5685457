// acl: who may do what with which branches.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/images/ukstore/trust.h>
#include <ukstore/sync/rights.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

const std::vector<std::string> kLevels = {"read", "merge", "write", "admin"};

Right level_of(const std::string& word) {
  const auto level = right_named(word);
  if (level && *level != Right::none) return *level;
  Failure failure{Exit::usage, "there is no right " + in_quotes(word)};
  const auto near = did_you_mean(word, kLevels);
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back("there are: read, merge, write, admin");
  throw failure;
}

Grant grant_of(const std::string& fingerprint, const std::string& level,
               const std::string& branch) {
  Grant grant{fingerprint, level_of(level), branch};
  const auto ok = check(grant);
  if (ok) return grant;
  throw Failure{Exit::user_error,
                in_quotes(branch) + " means no branches",
                {ok.error().message},
                {"write a branch, or the beginning of some and a star: 'alice/*' or '*'"}};
}

void print(Context& context, const std::string& word, const Grant& grant, const Peers& peers) {
  Output& out = context.out();
  if (out.is_json()) {
    Json object = Json::object();
    if (!word.empty()) object["result"] = word;
    object["fingerprint"] = grant.fingerprint;
    object["level"] = name(grant.level);
    put_bytes(object, "branch", grant.pattern);
    object["name"] = peers.name_of(grant.fingerprint);
    return out.object(object);
  }
  const std::string line =
      grant.fingerprint + "  " + std::string(name(grant.level)) + "  " + printable(grant.pattern);
  if (word.empty()) return out.line(line);
  out.note(word + "  " + line);
}

Exit list(Context& context, const Arguments&) {
  Repo& repo = context.repo(Access::read);
  const Peers peers = peers_of(repo.store());
  const auto grants = must(Rights(repo).list(), "cannot read the rights");
  for (const Grant& grant : grants) print(context, "", grant, peers);
  if (!context.out().is_json() && grants.empty()) {
    context.out().note("nobody else has any right yet.  Next: ukstore key trust FINGERPRINT");
  }
  return Exit::done;
}

Exit grant(Context& context, const Arguments& arguments) {
  Repo& repo = context.repo(Access::write);
  const Peers peers = peers_of(repo.store());
  const Grant wanted = grant_of(find_fingerprint(peers, arguments.at("FINGERPRINT")),
                                arguments.at("LEVEL"), arguments.at("BRANCH"));
  const Committing committing(context);
  const bool fresh = must(Rights(repo).grant(wanted, context.commit_info("acl grant")),
                          "cannot grant a right to " + in_quotes(arguments.at("FINGERPRINT")));
  print(context, fresh ? "granted" : "granted before", wanted, peers);
  return Exit::done;
}

// What of a peer's grants is meant, as far as the words say.
std::vector<Grant> meant(const Rights& rights, const Peers& peers, const Arguments& arguments) {
  const std::string fingerprint = find_fingerprint(peers, arguments.at("FINGERPRINT"));
  const std::string level = arguments.find("LEVEL").value_or("read");
  if (const auto branch = arguments.find("BRANCH")) return {grant_of(fingerprint, level, *branch)};
  std::vector<Grant> all;
  for (const Grant& held : must(rights.list(), "cannot read the rights")) {
    const bool includes = held.fingerprint == fingerprint && held.level >= level_of(level);
    const Grant revoked{fingerprint, level_of(level), held.pattern};
    if (includes && std::ranges::find(all, revoked) == all.end()) all.push_back(revoked);
  }
  if (!all.empty()) return all;
  throw Failure{Exit::not_found,
                in_quotes(arguments.at("FINGERPRINT")) + " has no such right here",
                {},
                {"see the rights: ukstore acl list"}};
}

Exit revoke(Context& context, const Arguments& arguments) {
  Repo& repo = context.repo(Access::write);
  const Peers peers = peers_of(repo.store());
  Rights rights(repo);
  const auto all = meant(rights, peers, arguments);
  const Committing committing(context);
  for (const Grant& one : all) {
    const bool held = must(rights.revoke(one, context.commit_info("acl revoke")),
                           "cannot revoke a right of " + in_quotes(one.fingerprint));
    print(context, held ? "revoked" : "revoked, though not held here", one, peers);
  }
  return Exit::done;
}

constexpr std::string_view kBob = "ukstore init other --quiet\nukstore -C other key show > bob";
constexpr std::string_view kGranted =
    "ukstore init other --quiet\nukstore -C other key show > bob\n"
    "ukstore acl grant $(cat bob) merge 'shared/*' --quiet";

}  // namespace

std::vector<Command> acl_commands() {
  return {
      {.name = "acl list",
       .usage = "",
       .summary = "who may do what with which branches",
       .example = {kGranted, "ukstore acl list", "HASH  merge  shared/*\n"},
       .run = list},
      {.name = "acl grant",
       .usage = "FINGERPRINT LEVEL BRANCH",
       .summary = "grants a peer a right: read, merge, write or admin, each with those before it",
       .more = "FINGERPRINT may be the name of a trusted peer.  BRANCH is a branch, or the "
               "beginning of names with a star behind\nit; a star alone is all branches.  A "
               "service that runs sees it at once.",
       .example = {kBob, "ukstore acl grant $(cat bob) merge 'shared/*'",
                   "granted  HASH  merge  shared/*\n"},
       .run = grant},
      {.name = "acl revoke",
       .usage = "FINGERPRINT [LEVEL] [BRANCH]",
       .summary = "takes a right back with those that include it; without LEVEL all rights, "
                  "without BRANCH on all\nbranches",
       .more = "What the peer does at that moment is broken off.  Where two stores replicate their "
               "rights, a revocation beats a\ngrant that did not know of it.",
       .example = {kGranted, "ukstore acl revoke $(cat bob)", "revoked  HASH  read  shared/*\n"},
       .run = revoke},
  };
}

}  // namespace ukstore::cli
