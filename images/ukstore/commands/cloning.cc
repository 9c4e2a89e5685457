// clone: a new store with what another one has.
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/store_id.h>
#include <ukstore/images/ukstore/transfers.h>

namespace ukstore::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRemote = "origin";
// While a clone is unfinished this private record holds where it is from.
constexpr BytesView kUnfinished = "cli/clone";

void mark_unfinished(Store& store, const std::string& address) {
  must(store.transact([&](Transaction& tx) { return tx.put_record(kUnfinished, address); }),
       "cannot begin the clone");
}

void mark_finished(Store& store) {
  must(store.transact([&](Transaction& tx) { return tx.erase_record(kUnfinished); }),
       "cannot finish the clone");
}

// Where the clone goes, new or begun before.
class Target {
 public:
  Target(Context& context, const Arguments& arguments, const Destination& source)
      : name_(arguments.at("DIR")),
        folder_(context.place(name_) / ".ukstore"),
        parent_was_there_(fs::exists(folder_.parent_path())) {
    std::error_code error;
    if (fs::exists(folder_ / "data.mdb", error)) {
      open(LmdbOptions::Create::no);
      go_on(source);
    } else {
      open(LmdbOptions::Create::yes);
      fresh_ = true;
      make_store_id(repo_->store());
      mark_unfinished(repo_->store(), source.address());
    }
  }

  Repo& repo() { return *repo_; }
  const fs::path& folder() const { return folder_; }
  void expect_data() { expects_data_ = true; }
  void close() {
    must(repo_->store().close(), "cannot finish writing");
    repo_.reset();
  }
  // Leaves nothing behind of a clone that came to nothing.
  void take_away() {
    if (!fresh_ || expects_data_) return;
    repo_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
    if (!parent_was_there_) fs::remove(folder_.parent_path(), error);
  }

 private:
  void open(LmdbOptions::Create create) {
    repo_ = must(open_store(folder_, Access::write, create),
                 "cannot open the store " + in_quotes(folder_.string()));
  }
  // Throws if the store that is there is no unfinished clone of the same.
  void go_on(const Destination& source) const {
    const auto from = must(repo_->store().record(kUnfinished), "cannot read what is there");
    // The same key is the same store, wherever it listens now.
    const bool same_key =
        from && source.fingerprint && from->starts_with("uk://" + *source.fingerprint + "@");
    if (from && (same_key || *from == source.address() ||
                 (!source.is_path() && from->ends_with("@" + source.host_and_port)))) {
      return;
    }
    const std::string there = shell_word(name_);
    if (from) {
      throw Failure{Exit::user_error,
                    "in " + in_quotes(name_) + " there is an unfinished clone of something else",
                    {"it is of " + *from},
                    {"finish it: ukstore clone " + shell_word(*from) + " " + there}};
    }
    throw Failure{
        Exit::user_error,
        "there is a store in " + in_quotes(name_) + " already",
        {},
        {"bring it up to date: ukstore -C " + there + " pull " + shell_word(source.given)}};
  }

  const std::string name_;
  const fs::path folder_;
  const bool parent_was_there_;
  std::unique_ptr<Repo> repo_;
  bool fresh_ = false;
  bool expects_data_ = false;
};

struct Cloned {
  std::vector<Received> branches;
  Bytes fingerprint;
  uint64_t bytes = 0;

  uint64_t commits() const {
    uint64_t sum = 0;
    for (const Received& one : branches) sum += one.pulled.commits;
    return sum;
  }
  bool resumed() const {
    return std::ranges::any_of(branches, [](const Received& one) { return one.resumed; });
  }
};

Cloned bring(Context& context, const Arguments& arguments, Target& target, Destination source) {
  EventLoop loop;
  Dialler dialler(context, loop, target.repo(), target.folder());
  source.remote = kRemote;
  Contact contact(dialler, source);
  auto branches = branches_of(contact);
  if (arguments.has("branch")) {
    branches = {find_branch(contact, branches, context.branch_name())};
  }
  Destination known = source;
  if (!known.is_path()) known.fingerprint = contact.fingerprint();
  change_peers(target.repo().store(),
               [&](Peers& peers) { peers.remotes[std::string(kRemote)] = known.address(); });
  Cloned cloned{.fingerprint = contact.fingerprint()};
  target.expect_data();
  for (const RemoteBranch& branch : branches) {
    cloned.branches.push_back(receive(dialler, contact, branch, Into::branch));
  }
  cloned.bytes = contact.bytes();
  return cloned;
}

void print(Context& context, const Arguments& arguments, const Target& target,
           const Cloned& cloned) {
  Output& out = context.out();
  if (out.is_json()) {
    Json branches = Json::array();
    for (const Received& one : cloned.branches) {
      Json branch = Json::object();
      put_bytes(branch, "branch", one.branch.name);
      branch["head"] = to_hex(one.branch.head);
      branch["commits"] = one.pulled.commits;
      branches.push_back(std::move(branch));
    }
    return out.object({{"result", "cloned"},
                       {"store", target.folder().string()},
                       {"remote", kRemote},
                       {"fingerprint", cloned.fingerprint},
                       {"branches", std::move(branches)},
                       {"commits", cloned.commits()},
                       {"bytes", cloned.bytes},
                       {"resumed", cloned.resumed()}});
  }
  for (const Received& one : cloned.branches) {
    out.note(printable(one.branch.name) + ": " + short_hash(one.branch.head) + ", " +
             commits_text(one.pulled.commits));
  }
  if (cloned.branches.empty()) out.note("it has no branch yet, so the clone is empty");
  out.note("cloned into " + in_quotes(arguments.at("DIR")) +
           (cloned.resumed() ? ", going on from before" : ""));
}

Exit clone(Context& context, const Arguments& arguments) {
  const Destination source = parse_destination(context, arguments.at("ADDR"));
  Target target(context, arguments, source);
  try {
    const Cloned cloned = bring(context, arguments, target, source);
    mark_finished(target.repo().store());
    target.close();
    print(context, arguments, target, cloned);
    return Exit::done;
  } catch (Failure& failure) {
    if (failure.exit == Exit::refused) {
      // It keeps its key, so that it can be let in.
      failure.hints.push_back("then run the command again; " + in_quotes(arguments.at("DIR")) +
                              " keeps the key");
    } else {
      target.take_away();
    }
    throw;
  }
}

}  // namespace

std::vector<Command> clone_commands() {
  return {
      {.name = "clone",
       .usage = "ADDR DIR",
       .summary = "a new store in DIR/.ukstore with what a peer has, which becomes its remote "
                  "origin",
       .more = "ADDR is uk://[FINGERPRINT@]HOST:PORT or the path of a store.  All branches come, "
               "with --branch that one.  A clone\nthat broke off goes on where it stopped when the "
               "command is run again.",
       .options = {{"trust-new", 0, "", "take the key of a peer that was never met before"},
                   {"timeout", 0, "S", "give up when the peer is silent for so many seconds; 60"}},
       .example = {"ukstore set a 1 --quiet",
                   "ukstore clone . copy --quiet && ukstore -C copy get a", "1"},
       .run = clone},
  };
}

}  // namespace ukstore::cli
