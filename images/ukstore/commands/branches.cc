// branch and tag: names of commits.
#include <ukstore/images/ukstore/apart.h>
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/commit_text.h>
#include <ukstore/images/ukstore/committing.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/images/ukstore/peers.h>
#include <ukstore/images/ukstore/revision.h>

namespace ukstore::cli {
namespace {

std::string word(RefKind kind) { return kind == RefKind::branch ? "branch" : "tag"; }

Json ref_object(RefKind kind, BytesView name, const std::optional<Head>& head) {
  Json object = Json::object();
  put_bytes(object, word(kind), name);
  object["head"] = head ? Json(to_hex(head->ref.hash)) : Json(nullptr);
  return object;
}

void print_ref(Context& context, const Ref& ref, const std::vector<Tracked>& remotes) {
  Output& out = context.out();
  if (out.is_json()) {
    Json object = ref_object(ref.kind, ref.name, ref.head);
    if (!remotes.empty()) object["remotes"] = tracked_array(remotes);
    return out.object(object);
  }
  const bool current = ref.kind == RefKind::branch && ref.name == context.branch_name();
  std::string line = (current ? "* " : "  ") + printable(ref.name);
  constexpr size_t kNameColumns = 18;
  if (line.size() < kNameColumns) line.append(kNameColumns - line.size(), ' ');
  if (ref.head.kind == ObjectKind::commit) {
    line += " " + commit_line(must(context.repo(Access::read).store().commit(ref.head.ref),
                                   "cannot read the head of " + in_quotes(ref.name)));
  } else if (ref.head.kind == ObjectKind::tag) {
    const Tag tag = must(context.repo(Access::read).store().tag(ref.head.ref),
                         "cannot read the tag " + in_quotes(ref.name));
    line += " " + short_hash(tag.target.hash) + " " +
            printable(BytesView(tag.message).substr(0, tag.message.find('\n')));
  } else {
    line += " " + short_hash(ref.head.ref.hash);
  }
  for (const Tracked& one : remotes) {
    line += "  [" + printable(one.remote) + ": " + text_of(one.apart) + "]";
  }
  out.line(line);
}

Exit list(Context& context, const Arguments& arguments, RefKind kind) {
  const auto source =
      must(context.repo(Access::read).store().commits(), "cannot compare the branches");
  const std::vector<Ref> refs = all_refs(context);
  for (const Ref& ref : refs) {
    if (ref.kind != kind) continue;
    if (kind == RefKind::branch && is_inner(ref.name) && !arguments.has("all")) continue;
    print_ref(context, ref,
              kind == RefKind::branch ? tracked(*source, refs, ref) : std::vector<Tracked>());
  }
  return Exit::done;
}

TransactOptions options_of(Context& context) {
  return {.note = context.command_line(), .when_ms = context.now_ms()};
}

void check_name(RefKind kind, const std::string& name) {
  const auto ok = check_ref_name(name);
  if (ok) return;
  throw Failure{Exit::user_error,
                "there can be no " + word(kind) + " " + in_quotes(name),
                {ok.error().message},
                {"write a name such as: draft or alice/draft"}};
}

void refuse_taken(Context& context, RefKind kind, const std::string& name) {
  if (!find_ref(context, kind, name)) return;
  throw Failure{
      Exit::user_error,
      "there is a " + word(kind) + " " + in_quotes(name) + " already",
      {},
      {"take another name, or remove it: ukstore " + word(kind) + " delete " + shell_word(name)}};
}

Head find_or_throw(Context& context, RefKind kind, const std::string& name) {
  if (const auto head = find_ref(context, kind, name)) return *head;
  if (kind == RefKind::branch) throw no_such_branch(context, name);
  std::vector<std::string> names;
  for (const Ref& ref : all_refs(context)) {
    if (ref.kind == kind) names.push_back(ref.name);
  }
  Failure failure{Exit::not_found, "there is no tag " + in_quotes(name)};
  const auto near = did_you_mean(name, names);
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back("see the tags: ukstore tag");
  throw failure;
}

void say(Context& context, RefKind kind, const std::string& name, const std::optional<Head>& head) {
  if (context.out().is_json()) return context.out().object(ref_object(kind, name, head));
  context.out().note(head ? to_hex(head->ref.hash) : "gone: " + printable(name));
}

ObjectRef start_of(Context& context, const Arguments& arguments) {
  if (const auto revision = arguments.find("REV")) return resolve_revision(context, *revision);
  if (const auto commit = context.commit()) return *commit;
  throw Failure{Exit::not_found,
                "branch " + in_quotes(context.branch_name()) + " has no commit yet",
                {},
                {"write something first: ukstore set notes/today hi"}};
}

Exit create(Context& context, const Arguments& arguments, RefKind kind) {
  const std::string name = arguments.at("NAME");
  Store& store = context.repo(Access::write).store();
  check_name(kind, name);
  refuse_taken(context, kind, name);
  const ObjectRef commit = start_of(context, arguments);
  Head head{commit, ObjectKind::commit};
  const Committing committing(context);
  must(store.transact(
           [&](Transaction& tx) -> Result<void> {
             if (const auto message = arguments.option("message")) {
               const CommitInfo info = context.commit_info("");
               auto tag = tx.make_tag(
                   {.target = commit, .name = name, .tagger = info.author, .message = *message});
               if (!tag) return pass_on(tag);
               head = {*tag, ObjectKind::tag};
             }
             return tx.compare_and_set(kind, name, std::nullopt, head);
           },
           options_of(context)),
       "cannot make " + word(kind) + " " + in_quotes(name));
  say(context, kind, name, head);
  return Exit::done;
}

Exit remove(Context& context, const Arguments& arguments, RefKind kind) {
  const std::string name = arguments.at("NAME");
  Store& store = context.repo(Access::write).store();
  const Head head = find_or_throw(context, kind, name);
  const Committing committing(context);
  must(store.transact(
           [&](Transaction& tx) { return tx.compare_and_set(kind, name, head, std::nullopt); },
           options_of(context)),
       "cannot delete " + word(kind) + " " + in_quotes(name));
  say(context, kind, name, std::nullopt);
  return Exit::done;
}

Exit rename(Context& context, const Arguments& arguments) {
  const std::string from = arguments.at("A"), to = arguments.at("B");
  Store& store = context.repo(Access::write).store();
  const Head head = find_or_throw(context, RefKind::branch, from);
  check_name(RefKind::branch, to);
  refuse_taken(context, RefKind::branch, to);
  const Committing committing(context);
  must(store.transact(
           [&](Transaction& tx) -> Result<void> {
             auto made = tx.compare_and_set(RefKind::branch, to, std::nullopt, head);
             if (!made) return made;
             return tx.compare_and_set(RefKind::branch, from, head, std::nullopt);
           },
           options_of(context)),
       "cannot rename branch " + in_quotes(from));
  say(context, RefKind::branch, to, head);
  return Exit::done;
}

constexpr std::string_view kOne = "ukstore set a 1 --quiet";
constexpr std::string_view kDraft = "ukstore set a 1 --quiet\nukstore branch create draft --quiet";
constexpr std::string_view kPlan = "ukstore set a 1 --quiet\nukstore branch create plan --quiet";
constexpr std::string_view kTag = "ukstore set a 1 --quiet\nukstore tag create v1 --quiet";

Exit list_branches(Context& context, const Arguments& arguments) {
  return list(context, arguments, RefKind::branch);
}
Exit list_tags(Context& context, const Arguments& arguments) {
  return list(context, arguments, RefKind::tag);
}

}  // namespace

std::vector<Command> branch_commands() {
  const auto create_branch = [](Context& c, const Arguments& a) {
    return create(c, a, RefKind::branch);
  };
  const auto create_tag = [](Context& c, const Arguments& a) { return create(c, a, RefKind::tag); };
  const auto delete_branch = [](Context& c, const Arguments& a) {
    return remove(c, a, RefKind::branch);
  };
  const auto delete_tag = [](Context& c, const Arguments& a) { return remove(c, a, RefKind::tag); };
  const Option all{"all", 'a', "", "the branches of remotes, too, as they were last seen"};
  return {
      {.name = "branch",
       .usage = "",
       .summary =
           "the branches with their heads; the one in use has a star, and remotes stand behind",
       .options = {all},
       .example = {kPlan, "ukstore branch | cut -c 1-6", "* main\n  plan\n"},
       .run = list_branches},
      {.name = "branch list",
       .usage = "",
       .summary = "the same",
       .options = {all},
       .example = {kPlan, "ukstore branch list --branch plan | cut -c 1-6", "  main\n* plan\n"},
       .run = list_branches},
      {.name = "branch create",
       .usage = "NAME [REV]",
       .summary = "a new branch at a revision; without one at the head of --branch",
       .example = {kOne, "ukstore branch create draft", "HASH\n"},
       .run = create_branch},
      {.name = "branch delete",
       .usage = "NAME",
       .summary = "removes a branch; undo brings it back",
       .example = {kDraft, "ukstore branch delete draft", "gone: draft\n"},
       .run = delete_branch},
      {.name = "branch rename",
       .usage = "A B",
       .summary = "gives a branch another name",
       .example = {kDraft,
                   "ukstore branch rename draft plan --quiet && ukstore branch | cut -c 1-6",
                   "* main\n  plan\n"},
       .run = rename},
      {.name = "tag",
       .usage = "",
       .summary = "the tags",
       .example = {kTag, "ukstore tag | cut -c 1-4", "  v1\n"},
       .run = list_tags},
      {.name = "tag list",
       .usage = "",
       .summary = "the same",
       .example = {kTag, "ukstore tag list | cut -c 1-4", "  v1\n"},
       .run = list_tags},
      {.name = "tag create",
       .usage = "NAME [REV]",
       .summary = "a name that stays, for a revision",
       .options = {{"message", 'm', "MSG", "a tag with author, date and message"}},
       .example = {kOne, "ukstore tag create v1 -m 'the first' | wc -l", "1\n"},
       .run = create_tag},
      {.name = "tag delete",
       .usage = "NAME",
       .summary = "removes a tag; undo brings it back",
       .example = {kTag, "ukstore tag delete v1", "gone: v1\n"},
       .run = delete_tag},
  };
}

}  // namespace ukstore::cli
