#include <ukstore/images/ukstore/revision.h>

#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/store/history.h>

#include <algorithm>
#include <charconv>

namespace ukstore::cli {
namespace {

constexpr size_t kPrefixDigitsMin = 8;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Two commits of that prefix if there are several.
struct Matches {
  std::string_view prefix;
  std::vector<ObjectRef> found{};

  void offer(const ObjectRef& ref) {
    if (!to_hex(ref.hash).starts_with(prefix) || std::ranges::find(found, ref) != found.end()) {
      return;
    }
    found.push_back(ref);
  }
};

// Looks among the commits that the refs reach, then among the heads that the journal remembers.
std::vector<ObjectRef> search_prefix(Context& context, std::string_view prefix) {
  const std::string doing = "cannot search for commit " + in_quotes(prefix);
  Store& store = context.repo(Access::read).store();
  Matches matches{prefix};
  std::vector<ObjectRef> starts;
  for (const Ref& ref : all_refs(context)) {
    if (ref.head.kind == ObjectKind::commit) starts.push_back(ref.head.ref);
  }
  const auto source = must(store.commits(), doing);
  WalkBudget budget;
  Log log = must(Log::start(*source, starts, {}, budget), doing);
  while (const auto commit = must(log.next(), doing)) matches.offer(commit->ref);
  if (!matches.found.empty()) return matches.found;
  for (const JournalEntry& entry : must(store.journal(0, 10'000, Direction::backward), doing)) {
    for (const RefChange& change : entry.changes) {
      for (const auto& head : {change.before, change.after}) {
        if (head && head->kind == ObjectKind::commit) matches.offer(head->ref);
      }
    }
  }
  return matches.found;
}

Failure no_such_revision(Context& context, const std::string& text) {
  std::vector<std::string> names;
  for (const Ref& ref : all_refs(context)) names.push_back(ref.name);
  const auto near = did_you_mean(text, names);
  Failure failure{Exit::not_found, "there is no branch, tag or commit " + in_quotes(text)};
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back("branches: ukstore branch; commits: ukstore log");
  if (is_hex(text) && text.size() < kPrefixDigitsMin) {
    failure.causes.push_back("the prefix of a hash wants at least 8 digits");
  }
  return failure;
}

// What a tag points to, through tags of tags.
ObjectRef commit_of(Context& context, Head head, const std::string& text) {
  for (int depth = 0; head.kind == ObjectKind::tag && depth < 32; ++depth) {
    const Tag tag = must(context.repo(Access::read).store().tag(head.ref),
                         "cannot read the tag " + in_quotes(text));
    head = {tag.target, tag.target_kind};
  }
  if (head.kind == ObjectKind::commit) return head.ref;
  throw Failure{Exit::user_error,
                in_quotes(text) + " is a tag of something that is no commit",
                {},
                {"name a branch or a commit: ukstore log"}};
}

ObjectRef find_start(Context& context, const std::string& text) {
  for (const RefKind kind : {RefKind::branch, RefKind::tag}) {
    if (const auto head = find_ref(context, kind, text)) return commit_of(context, *head, text);
  }
  if (const auto head = find_ref(context, RefKind::branch, "remotes/" + text)) {
    return commit_of(context, *head, text);
  }
  if (const auto hash = hash_from_hex(text)) {
    auto commit = context.repo(Access::read).store().commit({*hash, {}});
    if (commit) return commit->ref;
    if (commit.error().kind != Error::Kind::not_found) {
      throw failure_of(commit.error(), "cannot read commit " + in_quotes(text));
    }
  } else if (text.size() >= kPrefixDigitsMin && text.size() < 64 && is_hex(text)) {
    const auto found = search_prefix(context, text);
    if (found.size() == 1) return found[0];
    if (found.size() > 1) {
      throw Failure{Exit::not_found,
                    "the prefix " + in_quotes(text) + " means several commits",
                    {to_hex(found[0].hash), to_hex(found[1].hash)},
                    {"write more digits, such as: " + to_hex(found[0].hash)}};
    }
  }
  throw no_such_revision(context, text);
}

ObjectRef step_from(Context& context, const ObjectRef& from, const RevisionStep& step,
                    const std::string& text) {
  const std::string doing = "cannot follow " + in_quotes(text);
  Store& store = context.repo(Access::read).store();
  ObjectRef at = from;
  const bool once = step.kind == RevisionStep::Kind::parent;
  for (uint64_t i = 0; i < (once ? std::min<uint64_t>(step.number, 1) : step.number); ++i) {
    const StoredCommit commit = must(store.commit(at), doing);
    const uint64_t parent = once ? step.number - 1 : 0;
    if (parent >= commit.commit.parents.size()) {
      throw Failure{Exit::not_found,
                    "there is no commit " + in_quotes(text),
                    {"commit " + to_hex(at.hash).substr(0, 12) + " has " +
                     std::to_string(commit.commit.parents.size()) + " parents"},
                    {"see: ukstore log " + to_hex(at.hash).substr(0, 12)}};
    }
    at = commit.commit.parents[parent];
  }
  return at;
}

}  // namespace

std::optional<Revision> parse_revision(BytesView text) {
  Revision revision;
  for (;;) {
    size_t digits = text.size();
    while (digits > 0 && text[digits - 1] >= '0' && text[digits - 1] <= '9') --digits;
    if (digits == 0 || (text[digits - 1] != '~' && text[digits - 1] != '^')) break;
    uint64_t number = 1;
    if (digits < text.size()) {
      const auto [end, error] =
          std::from_chars(text.data() + digits, text.data() + text.size(), number);
      if (error != std::errc()) return std::nullopt;
    }
    revision.steps.push_back(
        {text[digits - 1] == '~' ? RevisionStep::Kind::first_parents : RevisionStep::Kind::parent,
         number});
    text = text.substr(0, digits - 1);
  }
  if (text.empty()) return std::nullopt;
  revision.start = text;
  std::ranges::reverse(revision.steps);
  return revision;
}

std::vector<Ref> all_refs(Context& context) {
  Store& store = context.repo(Access::read).store();
  const std::string doing = "cannot read the branches";
  if (const auto sequence = context.journal_position()) {
    return must(store.heads_at(*sequence), doing);
  }
  std::vector<Ref> refs;
  for (const RefKind kind : {RefKind::branch, RefKind::tag}) {
    for (auto& [name, head] : must(store.refs(kind), doing)) refs.push_back({kind, name, head});
  }
  return refs;
}

std::optional<Head> find_ref(Context& context, RefKind kind, BytesView name) {
  if (!check_ref_name(name)) return std::nullopt;
  if (!context.journal_position()) {
    return must(context.repo(Access::read).store().head(kind, name),
                "cannot read the head of " + in_quotes(name));
  }
  for (const Ref& ref : all_refs(context)) {
    if (ref.kind == kind && ref.name == name) return ref.head;
  }
  return std::nullopt;
}

Failure no_such_entry(uint64_t sequence, uint64_t newest) {
  return {Exit::not_found,
          "there is no journal entry " + in_quotes(std::to_string(sequence)),
          {"the newest is " + std::to_string(newest)},
          {"see the entries: ukstore journal"}};
}

Failure no_such_branch(Context& context, BytesView name) {
  std::vector<std::string> names;
  for (const Ref& ref : all_refs(context)) {
    if (ref.kind == RefKind::branch) names.push_back(ref.name);
  }
  Failure failure{Exit::not_found, "there is no branch " + in_quotes(name)};
  const auto near = did_you_mean(name, names);
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back("see the branches: ukstore branch");
  return failure;
}

ObjectRef resolve_revision(Context& context, const std::string& text) {
  for (const RefKind kind : {RefKind::branch, RefKind::tag}) {
    if (const auto head = find_ref(context, kind, text)) return commit_of(context, *head, text);
  }
  const auto revision = parse_revision(text);
  if (!revision) {
    throw Failure{Exit::not_found,
                  in_quotes(text) + " is no revision",
                  {},
                  {"write a branch, a tag, a hash, REV~N or REV^N: ukstore log main~1"}};
  }
  ObjectRef at = find_start(context, revision->start);
  for (const RevisionStep& step : revision->steps) at = step_from(context, at, step, text);
  return at;
}

ObjectRef path_or_revision(Context& context, const std::string& text) {
  try {
    return resolve_revision(context, text);
  } catch (Failure& failure) {
    if (failure.exit == Exit::not_found) {
      failure.message = "there is no path, branch, tag or commit " + in_quotes(text);
      failure.hints.push_back("see the paths: ukstore ls -r");
    }
    throw;
  }
}

}  // namespace ukstore::cli
