// fetch, pull, push and sync without end: what travels between this store and its peers.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/following.h>
#include <ukstore/images/ukstore/revision.h>
#include <ukstore/images/ukstore/transfers.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

// What all of these commands begin with.
struct Setting {
  explicit Setting(Context& context)
      : repo(context.repo(Access::write)),
        dialler(context, loop, repo, context.store_folder()),
        peers(peers_of(repo.store())) {}
  Destination destination(Context& context, const std::optional<std::string>& word) const {
    return find_destination(context, peers, word ? *word : default_remote(peers));
  }

  EventLoop loop;
  Repo& repo;
  Dialler dialler;
  const Peers peers;
};

std::optional<Hash> head_of(Repo& repo, const Bytes& branch) {
  const auto head = must(repo.branch(branch).head(), "cannot read branch " + in_quotes(branch));
  return head ? std::optional(head->hash) : std::nullopt;
}

// The branches of ours that a push without --branch and with --all means.
std::vector<Bytes> own_branches(Repo& repo) {
  std::vector<Bytes> names = must(repo.branches(), "cannot read the branches");
  std::erase_if(names, [](const Bytes& name) { return is_inner(name); });
  return names;
}

std::vector<RemoteBranch> chosen(Context& context, Contact& contact, bool all) {
  const auto branches = branches_of(contact);
  if (all) return branches;
  return {find_branch(contact, branches, context.branch_name())};
}

Exit fetch(Context& context, const Arguments& arguments) {
  Setting setting(context);
  Contact contact(setting.dialler, setting.destination(context, arguments.find("REMOTE")));
  for (const RemoteBranch& branch : chosen(context, contact, !arguments.has("branch"))) {
    print_received(context, receive(setting.dialler, contact, branch, Into::tracking_alone),
                   Into::tracking_alone);
  }
  return Exit::done;
}

Exit conflicts_remain(Context& context) {
  if (!context.out().is_json()) {
    context.out().note("next: ukstore conflicts, then ukstore resolve PATH VALUE");
  }
  return Exit::conflict;
}

Exit pull_command(Context& context, const Arguments& arguments) {
  Setting setting(context);
  Contact contact(setting.dialler, setting.destination(context, arguments.find("REMOTE")));
  bool conflicts = false;
  for (const RemoteBranch& branch : chosen(context, contact, arguments.has("all"))) {
    const Received received = receive(setting.dialler, contact, branch, Into::branch);
    print_received(context, received, Into::branch);
    conflicts |= received.leaves_conflicts();
  }
  return conflicts ? conflicts_remain(context) : Exit::done;
}

// The branches to push; throws if --branch names none of ours.
std::vector<Bytes> to_push(Context& context, Repo& repo, const Arguments& arguments) {
  if (arguments.has("all")) return own_branches(repo);
  const Bytes branch = context.branch_name();
  if (!head_of(repo, branch)) {
    if (arguments.has("branch")) throw no_such_branch(context, branch);
    throw Failure{Exit::not_found,
                  "branch " + in_quotes(branch) + " has no commit yet, so there is nothing to push",
                  {},
                  {"write something first: ukstore set notes/today hi"}};
  }
  return {branch};
}

Exit push(Context& context, const Arguments& arguments) {
  Setting setting(context);
  const auto branches = to_push(context, setting.repo, arguments);
  Contact contact(setting.dialler, setting.destination(context, arguments.find("REMOTE")));
  for (const Bytes& branch : branches) {
    const Sent sent = send(setting.dialler, contact, branch);
    print_sent(context, sent, head_of(setting.repo, branch));
  }
  return Exit::done;
}

// What one round of `sync` does with one peer: what it has comes here and is merged, what is here
// goes there.
class Exchange {
 public:
  Exchange(Setting& setting, Destination destination)
      : setting_(setting), contact_(setting.dialler, std::move(destination)) {}

  bool conflicts() const { return conflicts_; }
  void pull(Context& context, const std::optional<Bytes>& one) {
    for (const RemoteBranch& branch : branches_of(contact_)) {
      if (one && branch.name != *one) continue;
      const Received received = receive(setting_.dialler, contact_, branch, Into::branch);
      print_received(context, received, Into::branch);
      conflicts_ |= received.leaves_conflicts();
    }
  }
  void push(Context& context, const std::optional<Bytes>& one) {
    for (const Bytes& branch : one ? std::vector{*one} : own_branches(setting_.repo)) {
      const auto ours = head_of(setting_.repo, branch);
      if (!ours) continue;
      const Sent sent = send(setting_.dialler, contact_, branch);
      print_sent(context, sent, ours);
    }
  }

 private:
  Setting& setting_;
  Contact contact_;
  bool conflicts_ = false;
};

Exit sync(Context& context, const Arguments& arguments) {
  Setting setting(context);
  std::vector<Destination> destinations;
  for (const std::string& word : arguments.rest("ADDR")) {
    destinations.push_back(setting.destination(context, word));
  }
  if (destinations.empty()) destinations.push_back(setting.destination(context, std::nullopt));
  const auto one = arguments.has("all") ? std::nullopt : std::optional(context.branch_name());
  if (arguments.has("follow")) {
    return follow_peers(setting.dialler, std::move(destinations),
                        one ? std::vector{*one} : own_branches(setting.repo));
  }
  std::vector<std::unique_ptr<Exchange>> exchanges;
  for (Destination& destination : destinations) {
    exchanges.push_back(std::make_unique<Exchange>(setting, std::move(destination)));
  }
  bool conflicts = false;
  for (const auto& exchange : exchanges) {
    exchange->pull(context, one);
    conflicts |= exchange->conflicts();
  }
  for (const auto& exchange : exchanges) exchange->push(context, one);
  return conflicts ? conflicts_remain(context) : Exit::done;
}

std::vector<Option> options_of_transfers(std::vector<Option> first) {
  first.push_back({"trust-new", 0, "", "take the key of a peer that was never met before"});
  first.push_back({"timeout", 0, "S", "give up when the peer is silent for so many seconds; 60"});
  return first;
}

constexpr std::string_view kBehind =
    "ukstore set a 1 --quiet\nukstore clone . copy --quiet\nukstore set b 2 --quiet";
constexpr std::string_view kAhead =
    "ukstore set a 1 --quiet\nukstore clone . copy --quiet\nukstore -C copy set b 2 --quiet";
constexpr std::string_view kApart =
    "ukstore op counter hits add 1 --quiet\nukstore clone . copy --quiet\n"
    "ukstore op counter hits add 10 --quiet\nukstore -C copy op counter hits add 100 --quiet";

}  // namespace

std::vector<Command> transfer_commands() {
  const Option all{"all", 0, "", "all branches, not --branch alone"};
  return {
      {.name = "fetch",
       .usage = "[REMOTE]",
       .summary = "brings what a peer's branches have, and changes none of ours",
       .more = "REMOTE is a remote's name, an address, or the path of a store; without one it is "
               "the only remote, or\norigin.  A branch of the peer is kept as "
               "remotes/REMOTE/BRANCH, which may be written REMOTE/BRANCH wherever a\nrevision may "
               "stand.  With --branch only that one is brought.",
       .options = options_of_transfers({}),
       .example = {kBehind, "ukstore fetch -C copy && ukstore -C copy get b --at origin/main",
                   "origin/main: received HASH, 1 commit from origin\n2"},
       .run = fetch},
      {.name = "pull",
       .usage = "[REMOTE]",
       .summary = "brings what a peer's branch has and merges it into ours; exit code 4 if a "
                  "conflict remains",
       .options = options_of_transfers({all}),
       .example = {kBehind, "ukstore pull -C copy",
                   "main: fast-forward HASH, 1 commit from origin\n"},
       .run = pull_command},
      {.name = "push",
       .usage = "[REMOTE]",
       .summary = "sends what a peer's branch lacks; the peer merges it, nothing there is "
                  "overwritten",
       .options = options_of_transfers({all}),
       .example = {kAhead, "ukstore push -C copy && ukstore get b",
                   "origin/main: pushed HASH, 1 commit\n2"},
       .run = push},
      {.name = "sync",
       .usage = "[ADDR...]",
       .summary = "pulls from peers and pushes to them: in the end all hold the same",
       .more = "With --follow it goes on, for as long as it runs: what changes here or there "
               "travels at once, and a peer\nthat cannot be reached is tried again.  ctrl-C ends "
               "it; nothing is lost by that.",
       .options =
           options_of_transfers({{"follow", 'f', "", "go on, whenever something changes"}, all}),
       .example = {kApart, "ukstore sync copy --quiet && ukstore -C copy get hits", "111\n"},
       .run = sync},
  };
}

}  // namespace ukstore::cli
