// remote: names for the peers that this store pulls from and pushes to.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/destination.h>

namespace ukstore::cli {
namespace {

void say(Context& context, const std::string& word, const std::string& name,
         const std::string& address) {
  if (context.out().is_json()) {
    context.out().object({{"result", word}, {"remote", name}, {"address", address}});
  } else {
    context.out().note(word + " " + name + (address.empty() ? "" : ": " + address));
  }
}

void check_name(const std::string& name) {
  const auto ok = check_ref_name(name);
  const bool odd = name.find('/') != std::string::npos || name.find(':') != std::string::npos;
  if (ok && !odd) return;
  throw Failure{
      Exit::user_error,
      "there can be no remote " + in_quotes(name),
      {ok ? "it holds a slash or a colon, so that it looks like an address" : ok.error().message},
      {"write a name such as: origin or bob"}};
}

Exit add(Context& context, const Arguments& arguments) {
  const std::string name = arguments.at("NAME");
  Store& store = context.repo(Access::write).store();
  check_name(name);
  const Peers peers = peers_of(store);
  if (peers.remotes.contains(name)) {
    throw Failure{Exit::user_error,
                  "there is a remote " + in_quotes(name) + " already",
                  {"it is " + peers.remotes.at(name)},
                  {"take another name, or remove it: ukstore remote remove " + shell_word(name)}};
  }
  const std::string address = parse_destination(context, arguments.at("ADDR")).address();
  change_peers(store, [&](Peers& known) { known.remotes[name] = address; });
  say(context, "added", name, address);
  return Exit::done;
}

// The heads that were tracked for it go, too: they are known no more.
void forget_tracked(Context& context, Store& store, const std::string& name) {
  const Committing committing(context);
  must(store.transact(
           [&](Transaction& tx) -> Result<void> {
             for (const auto& [branch, head] :
                  must(store.refs(RefKind::branch), "cannot read the branches")) {
               if (!branch.starts_with("remotes/" + name + "/")) continue;
               auto ok = tx.compare_and_set(RefKind::branch, branch, head, std::nullopt);
               if (!ok) return ok;
             }
             return {};
           },
           {.note = context.command_line(), .when_ms = context.now_ms()}),
       "cannot remove remote " + in_quotes(name));
}

Exit remove(Context& context, const Arguments& arguments) {
  const std::string name = arguments.at("NAME");
  Store& store = context.repo(Access::write).store();
  const Peers peers = peers_of(store);
  if (!peers.remotes.contains(name)) throw no_such_remote(peers, name);
  forget_tracked(context, store, name);
  change_peers(store, [&](Peers& known) { known.remotes.erase(name); });
  say(context, "removed", name, "");
  return Exit::done;
}

Exit list(Context& context, const Arguments&) {
  Output& out = context.out();
  const Peers peers = peers_of(context.repo(Access::read).store());
  for (const auto& [name, address] : peers.remotes) {
    if (out.is_json()) {
      out.object({{"remote", name}, {"address", address}});
    } else {
      out.line(name + "  " + address);
    }
  }
  if (!out.is_json() && peers.remotes.empty()) {
    out.note("no remote is known yet.  Next: ukstore remote add origin ADDR");
  }
  return Exit::done;
}

constexpr std::string_view kOrigin = "ukstore remote add origin uk://example.org:7420 --quiet";

}  // namespace

std::vector<Command> remote_commands() {
  return {
      {.name = "remote add",
       .usage = "NAME ADDR",
       .summary = "a name for a peer: uk://[FINGERPRINT@]HOST:PORT, or the path of a store",
       .example = {"", "ukstore remote add origin uk://example.org:7420",
                   "added origin: uk://example.org:7420\n"},
       .run = add},
      {.name = "remote remove",
       .usage = "NAME",
       .summary = "forgets a remote, with what was tracked of it",
       .example = {kOrigin, "ukstore remote remove origin", "removed origin\n"},
       .run = remove},
      {.name = "remote list",
       .usage = "",
       .summary = "the remotes with their addresses",
       .example = {kOrigin, "ukstore remote list", "origin  uk://example.org:7420\n"},
       .run = list},
  };
}

}  // namespace ukstore::cli
