// key: who this store is to others, and whom it trusts.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/hosting.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/images/ukstore/trust.h>
#include <ukstore/sync/rights.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

Exit show(Context& context, const Arguments&) {
  Store& store = context.repo(Access::write).store();
  const Bytes fingerprint = own_identity(store, context.store_folder()).fingerprint();
  if (context.out().is_json()) {
    context.out().object({{"fingerprint", fingerprint}});
  } else {
    context.out().line(fingerprint);
  }
  return Exit::done;
}

Exit list(Context& context, const Arguments&) {
  Output& out = context.out();
  const Peers peers = peers_of(context.repo(Access::read).store());
  for (const auto& [fingerprint, name] : peers.trusted) {
    if (out.is_json()) {
      out.object({{"fingerprint", fingerprint}, {"is", "trusted"}, {"name", name}});
    } else {
      out.line(fingerprint + "  trusted" + (name.empty() ? "" : ", called " + name));
    }
  }
  for (const auto& [address, fingerprint] : peers.seen) {
    if (out.is_json()) {
      out.object({{"fingerprint", fingerprint}, {"is", "seen"}, {"address", "uk://" + address}});
    } else {
      out.line(fingerprint + "  seen at uk://" + address);
    }
  }
  if (!out.is_json() && peers.trusted.empty() && peers.seen.empty()) {
    out.note("no key is known yet.  Next: ukstore key trust FINGERPRINT");
  }
  return Exit::done;
}

void say(Context& context, const std::string& word, const std::string& fingerprint,
         const std::string& name) {
  if (context.out().is_json()) {
    context.out().object({{"result", word}, {"fingerprint", fingerprint}, {"name", name}});
  } else {
    context.out().note(word + " " + fingerprint + (name.empty() ? "" : " as " + name));
  }
}

Exit trust(Context& context, const Arguments& arguments) {
  const std::string fingerprint = fingerprint_of(arguments.at("FINGERPRINT"));
  const std::string name = arguments.option("name").value_or("");
  if (!name.empty()) {
    const auto ok = check_ref_name(name);
    if (!ok) {
      throw Failure{Exit::user_error,
                    "a peer cannot be called " + in_quotes(name),
                    {ok.error().message},
                    {"take a name such as: --name bob"}};
    }
  }
  Store& store = context.repo(Access::write).store();
  const Peers peers = peers_of(store);
  for (const auto& [other, taken] : peers.trusted) {
    if (name.empty() || taken != name || other == fingerprint) continue;
    throw Failure{Exit::user_error,
                  "there is a peer called " + in_quotes(name) + " already",
                  {"its key is " + other},
                  {"take another name, or forget the old one: ukstore key distrust " + other}};
  }
  Rights rights(context.repo(Access::write));
  must(rights.grant({.fingerprint = fingerprint}, context.commit_info("key trust")),
       "cannot grant the right to merge");
  change_peers(store, [&](Peers& known) {
    std::string& now = known.trusted[fingerprint];
    if (!name.empty()) now = name;
  });
  say(context, "trusted", fingerprint, name);
  return Exit::done;
}

Exit distrust(Context& context, const Arguments& arguments) {
  Store& store = context.repo(Access::write).store();
  const Peers peers = peers_of(store);
  const std::string fingerprint = find_fingerprint(peers, arguments.at("FINGERPRINT"));
  std::vector<std::string> known;
  for (const auto& [one, name] : peers.trusted) known.push_back(one);
  for (const auto& [address, one] : peers.seen) known.push_back(one);
  Rights rights(context.repo(Access::write));
  const auto grants = must(rights.list(), "cannot read the rights");
  const bool granted = std::ranges::find(grants, fingerprint, &Grant::fingerprint) != grants.end();
  if (!granted && std::ranges::find(known, fingerprint) == known.end()) {
    Failure failure{Exit::not_found, "the key " + in_quotes(fingerprint) + " is not known here"};
    const auto near = did_you_mean(fingerprint, known);
    if (!near.empty()) failure.hints.push_back(near);
    failure.hints.push_back("see the keys: ukstore key list");
    throw failure;
  }
  for (const Grant& grant : grants) {
    if (grant.fingerprint != fingerprint) continue;
    must(rights.revoke({fingerprint, Right::read, grant.pattern},
                       context.commit_info("key distrust")),
         "cannot revoke the rights");
  }
  change_peers(store, [&](Peers& now) {
    now.trusted.erase(fingerprint);
    std::erase_if(now.seen, [&](const auto& one) { return one.second == fingerprint; });
  });
  say(context, "forgotten", fingerprint, "");
  return Exit::done;
}

constexpr std::string_view kOther = "ukstore init other --quiet\nukstore -C other key show > bob";

}  // namespace

std::vector<Command> key_commands() {
  return {
      {.name = "key show",
       .usage = "",
       .summary = "the fingerprint of this store's key: its name to its peers",
       .example = {"", "ukstore key show", "HASH\n"},
       .run = show},
      {.name = "key list",
       .usage = "",
       .summary = "the keys that are trusted, and those that were seen at an address",
       .example = {"ukstore init other --quiet\nukstore key trust $(ukstore -C other key show) "
                   "--name bob --quiet",
                   "ukstore key list", "HASH  trusted, called bob\n"},
       .run = list},
      {.name = "key trust",
       .usage = "FINGERPRINT",
       .summary = "trusts a key: its store may connect to this one, read its branches and merge "
                  "into them",
       .more = "That is the right to merge on all branches (see ukstore acl), and the key counts "
               "as known "
               "wherever this\nstore connects to.",
       .options = {{"name", 0, "NAME", "what its branches are tracked under: remotes/NAME/"}},
       .example = {kOther, "ukstore key trust $(cat bob) --name bob", "trusted HASH as bob\n"},
       .run = trust},
      {.name = "key distrust",
       .usage = "FINGERPRINT",
       .summary = "forgets a key and revokes its rights: its store may not connect any more",
       .more = "FINGERPRINT may be the name that it was given.",
       .example = {"ukstore init other --quiet\nukstore -C other key show > bob\n"
                   "ukstore key trust $(cat bob) --quiet",
                   "ukstore key distrust $(cat bob)", "forgotten HASH\n"},
       .run = distrust},
  };
}

}  // namespace ukstore::cli
