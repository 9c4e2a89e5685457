#include <ukstore/merge/replay_values.h>

#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/store/diff.h>

#include <algorithm>
#include <set>

namespace ukstore {
namespace {

std::unexpected<Error> counts_twice(const ReplayedValue& value) {
  return fail(Error::Kind::counts_twice,
              printable(value.path) + " is a " + name(value.kind) +
                  ": what is done again there counts twice once the branch merges where it came "
                  "from");
}

// The value beside what else is live at its path; its entry is made if there is none.
Result<ValueEdit*> edit_beside(const ReplayedValue& value, Tx& tx) {
  auto edit = tx.edit_value(value.path, value.kind);
  if (!edit) return edit;
  (*edit)->keep_others();
  if (!(*edit)->was_live()) (*edit)->touch();
  return edit;
}

// What a value shows, each item once; in order for logs, whose keys order it.
using Shown = std::set<Bytes>;
Result<Shown> shown(const State& state, BytesView path, Kind kind) {
  Shown items;
  if (kind == Kind::counter) {
    auto number = state.at<Counter>(path).value();
    if (!number) return pass_on(number);
    items.insert(std::to_string(*number));
    return items;
  }
  if (is_user(kind)) {
    auto bytes = state.user_state(path, kind);
    if (!bytes) return pass_on(bytes);
    if (*bytes) items.insert(std::move(**bytes));
    return items;
  }
  auto tree = state.value_tree(path, kind);
  if (!tree) return pass_on(tree);
  bool keyed_by_dot = schema_of(kind) == Schema::dot_keyed && kind != Kind::log;
  Result<void> result;
  auto ok = tree->scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    if (!keyed_by_dot) {
      items.emplace(key);
      return Flow::go_on;
    }
    auto bytes = tree->read(entry);
    if (!bytes) {
      result = pass_on(bytes);
      return Flow::stop;
    }
    items.insert(std::move(*bytes));
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  if (!result) return pass_on(result);
  return items;
}

// Counters: the difference is added.
Result<Kept> add_difference(const ReplayedValue& value, Tx& tx) {
  auto before = value.before.at<Counter>(value.path).value();
  auto after = value.after.at<Counter>(value.path).value();
  if (!before) return pass_on(before);
  if (!after) return pass_on(after);
  int64_t difference = 0;
  if (__builtin_sub_overflow(*after, *before, &difference)) {
    return fail(Error::Kind::limit,
                "the difference at " + printable(value.path) + " does not fit 64 bits");
  }
  if (difference != 0 && value.again == Again::refused) return counts_twice(value);
  auto edit = edit_beside(value, tx);
  if (!edit) return pass_on(edit);
  tx.at<Counter>(value.path).add(difference);
  return Kept::no;
}

// Runs `replay` for each key of the value's tree whose entry is not what it was.
template <class Replay>
Result<Kept> replay_keys(const ReplayedValue& value, Tx& tx, const Replay& replay) {
  auto before = value.before.value_tree(value.path, value.kind);
  auto after = value.after.value_tree(value.path, value.kind);
  if (!before) return pass_on(before);
  if (!after) return pass_on(after);
  auto edit = edit_beside(value, tx);
  if (!edit) return pass_on(edit);
  Result<void> result;
  auto ok = diff(*before, *after, [&](BytesView key, const auto& was, const auto& is) {
    result = replay(**edit, *after, key, was, is);
    return result ? Flow::go_on : Flow::stop;
  });
  if (!ok) return pass_on(ok);
  if (!result) return pass_on(result);
  return Kept::no;
}

using OptionalEntry = std::optional<Entry>;

// Logs: new entries are appended under new dots, entries that went are removed.
Result<Kept> append_difference(const ReplayedValue& value, Tx& tx) {
  auto replay = [&](ValueEdit& edit, const Tree& after, BytesView key, const OptionalEntry& was,
                    const OptionalEntry& is) -> Result<void> {
    if (was) {
      auto held = edit.find(key);
      if (!held) return pass_on(held);
      if (*held) {
        edit.remove(Bytes(key));
        edit.touch();
      }
    }
    if (!is) return {};
    if (value.again == Again::refused) return counts_twice(value);
    auto bytes = after.read(*is);
    if (!bytes) return pass_on(bytes);
    edit.put(encode(tx.mint()), std::move(*bytes));
    edit.touch();
    return {};
  };
  return replay_keys(value, tx, replay);
}

// Sets: three-way on elements, of which only those that differ are read.
Result<Kept> replay_elements(const ReplayedValue& value, Tx& tx) {
  auto replay = [&](ValueEdit& edit, const Tree&, BytesView key, const OptionalEntry& was,
                    const OptionalEntry& is) -> Result<void> {
    if (was.has_value() == is.has_value()) return {};  // only its dots differ
    auto held = edit.find(key);
    if (!held) return pass_on(held);
    if (held->has_value() == is.has_value()) return {};
    if (is) {
      edit.put(Bytes(key), encode(tx.mint()));
    } else {
      edit.remove(Bytes(key));
    }
    edit.touch();
    return {};
  };
  return replay_keys(value, tx, replay);
}

// Flags and multi-value registers: three-way on what they show.
Result<Kept> replay_shown(const ReplayedValue& value, Tx& tx) {
  auto before = shown(value.before, value.path, value.kind);
  auto after = shown(value.after, value.path, value.kind);
  if (!before) return pass_on(before);
  if (!after) return pass_on(after);
  auto edit = edit_beside(value, tx);
  if (!edit) return pass_on(edit);
  std::vector<Bytes> gone;
  Shown missing;
  std::ranges::set_difference(*after, *before, std::inserter(missing, missing.end()));
  auto ok = (*edit)->scan([&](BytesView key, BytesView held) {
    missing.erase(Bytes(held));
    if (before->contains(Bytes(held)) && !after->contains(Bytes(held))) gone.emplace_back(key);
    return Flow::go_on;
  });
  if (!ok) return pass_on(ok);
  for (Bytes& key : gone) (*edit)->remove(std::move(key));
  for (const Bytes& item : missing) (*edit)->put(encode(tx.mint()), item);
  if (!gone.empty() || !missing.empty()) (*edit)->touch();
  return Kept::no;
}

// What `read` gives of the value on all three sides.
struct Sides {
  std::optional<Bytes> before, after, ours;
  // Nothing is left to do: the change changed nothing, or stands here already.
  bool is_done() const { return before == after || ours == after; }
};
template <class Read>
Result<Sides> sides_of(const ReplayedValue& value, const Read& read) {
  auto before = read(value.before), after = read(value.after), ours = read(value.ours);
  for (const auto* each : {&before, &after, &ours}) {
    if (!*each) return pass_on(*each);
  }
  return Sides{std::move(*before), std::move(*after), std::move(*ours)};
}

// Last-writer registers: a write, unless ours has changed too.
Result<Kept> replay_write(const ReplayedValue& value, Tx& tx) {
  auto sides = sides_of(
      value, [&](const State& state) { return state.at<LastWriter<>>(value.path).value(); });
  if (!sides) return pass_on(sides);
  auto edit = edit_beside(value, tx);
  if (!edit) return pass_on(edit);
  if (sides->is_done()) return Kept::no;
  if (sides->ours != sides->before && value.policy != Policy::theirs) return Kept::ours;
  if (sides->after) {
    write_register(tx, value.path, value.kind, std::move(*sides->after));
  } else {
    if (auto ok = (*edit)->clear(); !ok) return pass_on(ok);
    (*edit)->touch();
  }
  return Kept::no;
}

Result<Kept> replay_user(const ReplayedValue& value, Tx& tx) {
  auto sides =
      sides_of(value, [&](const State& state) { return state.user_state(value.path, value.kind); });
  if (!sides) return pass_on(sides);
  auto edit = edit_beside(value, tx);
  if (!edit) return pass_on(edit);
  if (sides->is_done()) return Kept::no;
  if (value.again == Again::refused) return counts_twice(value);
  const TypeRegistry::MergeBytes* merge = value.types.find(value.kind);
  if (!merge) {
    return fail(Error::Kind::unsupported, printable(value.path) + " holds a value of " +
                                              name(value.kind) +
                                              ", which this program does not know");
  }
  auto merged = (*merge)({value.path, value.kind}, sides->before, sides->ours, sides->after);
  if (!merged) return pass_on(merged, printable(value.path));
  (*edit)->put_state(std::move(*merged));
  (*edit)->touch();
  return Kept::no;
}

// The value with its entry goes, unless ours has changed.
Result<Kept> replay_removal(const ReplayedValue& value, Tx& tx) {
  auto ours = value.ours.value(value.path);
  if (!ours) return pass_on(ours);
  if (!*ours || !has_kind((*ours)->live, value.kind)) return Kept::no;
  auto same = looks_equal(value.before, value.ours, value.path, value.kind);
  if (!same) return pass_on(same);
  if (!*same && value.policy != Policy::theirs) return Kept::ours;
  // What the replay has written there so far counts too.
  auto now = tx.state();
  if (!now) return pass_on(now);
  auto there = now->value(value.path);
  if (!there) return pass_on(there);
  if (!*there) return Kept::no;
  Live kept = (*there)->live;
  std::erase_if(kept, [&](const LiveEntry& entry) { return entry.kind == value.kind; });
  tx.rewrite(value.path, kept, {});
  return Kept::no;
}

}  // namespace

Result<bool> looks_equal(const State& a, const State& b, BytesView path, Kind kind) {
  auto in_a = a.value_tree(path, kind), in_b = b.value_tree(path, kind);
  if (!in_a) return pass_on(in_a);
  if (!in_b) return pass_on(in_b);
  if (!is_user(kind) && *in_a == *in_b) return true;
  auto shown_a = shown(a, path, kind), shown_b = shown(b, path, kind);
  if (!shown_a) return pass_on(shown_a);
  if (!shown_b) return pass_on(shown_b);
  return *shown_a == *shown_b;
}

Result<Kept> replay_value(const ReplayedValue& value, Tx& tx) {
  auto stays = value.after.is_live(value.path, value.kind);
  if (!stays) return pass_on(stays);
  if (!*stays) return replay_removal(value, tx);
  switch (value.kind) {
    case Kind::map: {
      auto edit = edit_beside(value, tx);
      return edit ? Kept::no : Result<Kept>(pass_on(edit));
    }
    case Kind::counter:
      return add_difference(value, tx);
    case Kind::log:
      return append_difference(value, tx);
    case Kind::set:
      return replay_elements(value, tx);
    case Kind::flag:
    case Kind::multi_value:
      return replay_shown(value, tx);
    case Kind::last_writer:
      return replay_write(value, tx);
    default:
      if (is_user(value.kind)) return replay_user(value, tx);
      return fail(Error::Kind::unsupported, printable(value.path) + " holds a " + name(value.kind) +
                                                ", which this version does not know");
  }
}

}  // namespace ukstore
