#include <ukstore/images/ukstore/changes.h>

#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/state_walk.h>

namespace ukstore::cli {
namespace {

enum class Change { none, added, removed, updated };

struct Side {
  const State& state;
  std::optional<Value> value;

  bool is_there() const { return value && !value->live.empty(); }
  // In a line: the value itself, cut short.
  std::string text(const Bytes& path) const {
    std::string text;
    for (const ShownTerm& term : terms_of(state, path, *value)) {
      text += (text.empty() ? "" : " | ") + term.text;
    }
    return text;
  }
  Json object(const Bytes& path) const {
    if (!is_there()) return nullptr;
    auto terms = terms_of(state, path, *value);
    if (terms.size() == 1) return std::move(terms.front().object);
    return conflict_object(state, path, *value);
  }
};

Side side_of(const State& state, const Bytes& path) {
  return {state, must(state.value(path), "cannot read " + in_quotes(path))};
}

Change change_of(const Side& before, const Side& after) {
  if (before.is_there() && after.is_there()) return Change::updated;
  if (after.is_there()) return Change::added;
  return before.is_there() ? Change::removed : Change::none;
}

void count(ChangeCounts& counts, Change change) {
  counts.added += change == Change::added;
  counts.removed += change == Change::removed;
  counts.updated += change == Change::updated;
}

void print(Output& out, const Bytes& path, const Side& before, const Side& after, Change change) {
  if (out.is_json()) {
    Json object = Json::object();
    put_bytes(object, "path", path);
    object["change"] = change == Change::added     ? "added"
                       : change == Change::removed ? "removed"
                                                   : "updated";
    object["old"] = before.object(path);
    object["new"] = after.object(path);
    return out.object(object);
  }
  const std::string shown = printable(path);
  switch (change) {
    case Change::added:
      return out.line(out.painted(Color::green, "+ " + shown) + "  " + after.text(path));
    case Change::removed:
      return out.line(out.painted(Color::red, "- " + shown) + "  " + before.text(path));
    case Change::updated:
      return out.line(out.painted(Color::yellow, "~ " + shown) + "  " + before.text(path) + " -> " +
                      after.text(path));
    case Change::none:
      return;
  }
}

}  // namespace

ChangeCounts print_changes(Output& out, const State& before, const State& after,
                           const Bytes& path) {
  ChangeCounts counts;
  visit_changes(before, after, path, [&](const Bytes& at) {
    const Side old_side = side_of(before, at), new_side = side_of(after, at);
    const Change change = change_of(old_side, new_side);
    count(counts, change);
    if (change != Change::none) print(out, at, old_side, new_side, change);
    return Flow::go_on;
  });
  return counts;
}

ChangeCounts count_changes(const State& before, const State& after, const Bytes& path) {
  ChangeCounts counts;
  visit_changes(before, after, path, [&](const Bytes& at) {
    count(counts, change_of(side_of(before, at), side_of(after, at)));
    return Flow::go_on;
  });
  return counts;
}

std::string text_of(const ChangeCounts& counts) {
  return std::to_string(counts.added) + " added, " + std::to_string(counts.removed) + " removed, " +
         std::to_string(counts.updated) + " updated";
}

Json object_of(const ChangeCounts& counts) {
  return {{"added", counts.added}, {"removed", counts.removed}, {"updated", counts.updated}};
}

State state_of(Context& context, const std::optional<ObjectRef>& commit) {
  Repo& repo = context.repo(Access::read);
  if (!commit) return State(Tree(repo.store().objects()));
  return must(repo.state_at(*commit), "cannot read commit " + to_hex(commit->hash));
}

}  // namespace ukstore::cli
