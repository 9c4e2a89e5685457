#include <ukstore/images/ukstore/transfers.h>

#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/interruption.h>
#include <ukstore/images/ukstore/merge_text.h>
#include <ukstore/images/ukstore/nearest.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

using libos_kj::Task;

Task<std::vector<RemoteBranch>> ask_for_heads(protocol::Session::Client session) {
  auto response = co_await session.headsRequest().send();
  std::vector<RemoteBranch> branches;
  for (auto head : response.getHeads()) {
    Bytes name(to_bytes(head.getBranch()));
    if (head.getCommit().size() == 0 || is_tracking(name)) continue;
    branches.push_back({std::move(name), to_hash(head.getCommit()), head.getGeneration()});
  }
  co_return std::move(branches);
}

std::optional<Hash> head_hash(Store& store, BytesView branch) {
  const auto head =
      must(store.head(RefKind::branch, branch), "cannot read branch " + in_quotes(branch));
  return head ? std::optional(head->ref.hash) : std::nullopt;
}

uint64_t generation_of(Store& store, const Hash& commit) {
  const auto stored = store.commit({commit, {}});
  return stored ? stored->commit.generation : 0;
}

// Commits of ours that the peer's branch may build on though it was not pulled before: its head
// itself, if another branch has brought it, or else the newest that came from this peer.
std::vector<Hash> likely_haves(Store& store, const Bytes& remote, const RemoteBranch& branch) {
  if (store.commit({branch.head, {}})) return {branch.head};
  constexpr size_t kMost = 16;
  std::vector<std::pair<uint64_t, Hash>> found;
  for (const auto& [name, head] : must(store.refs(RefKind::branch), "cannot read the branches")) {
    if (name.starts_with(tracking_branch(remote, ""))) {
      found.emplace_back(generation_of(store, head.ref.hash), head.ref.hash);
    }
  }
  std::ranges::sort(found, {}, &std::pair<uint64_t, Hash>::first);
  if (found.size() > kMost) found.erase(found.begin(), found.end() - kMost);
  std::vector<Hash> haves;
  for (const auto& [generation, hash] : found) haves.push_back(hash);
  return haves;
}

}  // namespace

std::vector<RemoteBranch> branches_of(Contact& contact) {
  auto branches = contact.wait<std::vector<RemoteBranch>>(
      ask_for_heads(contact.session()),
      "cannot ask for the branches of " + in_quotes(contact.destination().given));
  // The longest history first: the others have most of it.
  std::ranges::stable_sort(branches, std::ranges::greater{}, &RemoteBranch::generation);
  return branches;
}

RemoteBranch find_branch(const Contact& contact, const std::vector<RemoteBranch>& branches,
                         const Bytes& name) {
  const auto found = std::ranges::find(branches, name, &RemoteBranch::name);
  if (found != branches.end()) return *found;
  std::vector<std::string> names;
  std::string list;
  for (const RemoteBranch& branch : branches) {
    names.push_back(branch.name);
    if (names.size() <= 10) list += (list.empty() ? "" : ", ") + printable(branch.name);
  }
  const std::string where = in_quotes(contact.destination().given);
  Failure failure{Exit::not_found, where + " has no branch " + in_quotes(name) + " for you"};
  const auto near = did_you_mean(name, names);
  if (!near.empty()) failure.hints.push_back(near);
  if (list.empty()) {
    failure.hints.push_back("it has none yet; make one there: ukstore set notes/today hi");
  } else {
    failure.hints.push_back("there are: " + list + "; name one: --branch " +
                            shell_word(names.front()));
  }
  throw failure;
}

Received receive(Dialler& dialler, Contact& contact, const RemoteBranch& branch, Into into) {
  Context& context = dialler.context();
  Store& store = dialler.repo().store();
  const Bytes tracking = tracking_branch(contact.name(), branch.name);
  Received received{.branch = branch, .remote = contact.name()};
  const auto staged = must(staged_tips(store, tracking), "cannot read what came before");
  received.resumed = !staged.empty();
  uint64_t base = 0;
  for (const Hash& tip : staged) base = std::max(base, generation_of(store, tip));
  if (const auto known = head_hash(store, tracking)) {
    base = std::max(base, generation_of(store, *known));
  }
  if (received.resumed && Progress::is_wanted(context) && !context.out().is_json()) {
    context.out().note("going on with " + printable(branch.name) + " at generation " +
                       std::to_string(base) + " of " + std::to_string(branch.generation));
    context.out().flush();
  }
  uint64_t at = base;
  const bool merges = into == Into::branch;
  PullPlan plan{.branch = branch.name,
                .remote = contact.name(),
                .merge_into = merges ? std::optional(branch.name) : std::nullopt,
                .also_have = likely_haves(store, contact.name(), branch),
                .note = context.command_line(),
                .intake = {.staged = [&at](uint64_t generation) { at = generation; }},
                .when_ms = context.now_ms()};
  const uint64_t bytes = contact.bytes();
  const std::string doing = "cannot bring branch " + in_quotes(branch.name) + " of " +
                            in_quotes(contact.destination().given);
  Progress progress(context, "receiving " + printable(branch.name), "generations");
  set_phase(Phase::receiving);
  received.pulled = contact.wait<Pulled>(
      pull(dialler.repo(), contact.session(), std::move(plan)), doing, progress, [&] {
        const uint64_t total = branch.generation > base ? branch.generation - base : 0;
        return Contact::Done{at > base ? at - base : 0, total};
      });
  if (merges) share(dialler.repo(), branch.name);
  set_phase(Phase::reading);
  received.bytes = contact.bytes() - bytes;
  if (received.pulled.landed && received.pulled.landed->not_merged) {
    Failure failure = failure_of(*received.pulled.landed->not_merged,
                                 "cannot merge what came into branch " + in_quotes(branch.name));
    failure.causes.push_back("it is kept as " + printable(tracking));
    throw failure;
  }
  return received;
}

Sent send(Dialler& dialler, Contact& contact, const Bytes& branch) {
  Store& store = dialler.repo().store();
  Sent sent{.branch = branch, .remote = contact.name()};
  share(dialler.repo(), branch);
  const uint64_t bytes = contact.bytes();
  Pusher pusher(dialler.repo(), contact.session(), branch, std::make_shared<PeerHas>());
  Progress progress(dialler.context(), "sending " + printable(branch), "commits");
  const std::string doing =
      "cannot push branch " + in_quotes(branch) + " to " + in_quotes(contact.destination().given);
  const auto there = contact.wait<kj::Maybe<Hash>>(pusher.push(), doing, progress, [&] {
    const uint64_t total = pusher.commits_planned();
    return Contact::Done{total - pusher.commits_left(), total};
  });
  KJ_IF_MAYBE (head, there) {
    sent.there = *head;
  }
  sent.commits = pusher.commits_planned();
  sent.bytes = contact.bytes() - bytes;
  // What is tracked is what the peer has now.
  const auto branches = branches_of(contact);
  const auto now = std::ranges::find(branches, branch, &RemoteBranch::name);
  if (now != branches.end() &&
      head_hash(store, tracking_branch(contact.name(), branch)) != now->head) {
    receive(dialler, contact, *now, Into::tracking_alone);
  }
  return sent;
}

// ---- Telling.

std::string commits_text(uint64_t commits) {
  return std::to_string(commits) + (commits == 1 ? " commit" : " commits");
}

void print_received(Context& context, const Received& received, Into into) {
  Output& out = context.out();
  const auto& landed = received.pulled.landed;
  const bool merged = into == Into::branch && landed && landed->merge;
  const std::string_view result = merged                        ? result_word(landed->merge->how)
                                  : received.pulled.commits > 0 ? "received"
                                                                : "up-to-date";
  const Hash head = merged ? landed->merge->head.hash : received.branch.head;
  if (out.is_json()) {
    Json object = Json::object();
    put_bytes(object, "branch", received.branch.name);
    put_bytes(object, "remote", received.remote);
    object["result"] = result;
    object["commit"] = to_hex(head);
    object["commits"] = received.pulled.commits;
    object["bytes"] = received.bytes;
    object["resumed"] = received.resumed;
    object["conflicts"] = Json::array();
    if (merged) object["conflicts"] = conflicts_of(context, *landed->merge);
    return out.object(object);
  }
  if (merged) {
    for (const Bytes& path : landed->merge->conflicts) {
      out.line(out.painted(Color::red, "conflict") + "  " + printable(path));
    }
  }
  const std::string name =
      merged ? received.branch.name : received.remote + "/" + received.branch.name;
  std::string line = printable(name) + ": " + std::string(result) + " " + short_hash(head);
  if (received.pulled.commits > 0) {
    line += ", " + commits_text(received.pulled.commits) + " from " + printable(received.remote);
  }
  out.note(line + (received.resumed ? ", going on from before" : ""));
}

void print_sent(Context& context, const Sent& sent, const std::optional<Hash>& ours) {
  Output& out = context.out();
  const bool merged_there = sent.there && ours && *sent.there != *ours;
  const std::string_view result = !sent.there    ? "up-to-date"
                                  : merged_there ? "merged-there"
                                                 : "pushed";
  if (out.is_json()) {
    Json object = Json::object();
    put_bytes(object, "branch", sent.branch);
    put_bytes(object, "remote", sent.remote);
    object["result"] = result;
    const auto& head = sent.there ? sent.there : ours;
    object["commit"] = head ? Json(to_hex(*head)) : Json(nullptr);
    object["commits"] = sent.commits;
    object["bytes"] = sent.bytes;
    return out.object(object);
  }
  const std::string name = printable(sent.remote + "/" + sent.branch);
  if (!sent.there) return out.note(name + ": up-to-date");
  out.note(name + ": " + (merged_there ? "merged there, " : "pushed ") + short_hash(*sent.there) +
           ", " + commits_text(sent.commits));
  if (merged_there) out.note("next: ukstore pull " + shell_word(sent.remote));
}

}  // namespace ukstore::cli
