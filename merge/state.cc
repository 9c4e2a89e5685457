#include <ukstore/merge/state.h>

#include <ukstore/store/varint.h>

#include <algorithm>

namespace ukstore {
namespace {

// Whether a child tree holds a step.
Result<bool> has_steps(const Tree& child) {
  bool found = false;
  auto ok = child.scan(kFirstStep, {}, Direction::forward, [&](BytesView, const Entry&) {
    found = true;
    return Flow::stop;
  });
  if (!ok) return pass_on(ok);
  return found;
}

Result<Value> value_of(const Tree& tree, const Entry& entry) {
  Value value;
  auto live = read_live(tree, entry);
  if (!live) return pass_on(live);
  value.live = std::move(*live);
  if (entry.has_child()) {
    auto child = tree.child(entry);
    if (!child) return pass_on(child);
    auto below = has_steps(*child);
    if (!below) return pass_on(below);
    value.has_entries_below = *below;
  }
  return value;
}

// The value of a header with one dot and the value inside it, in place: what most entries are.
std::optional<BytesView> only_value(const Entry& entry) {
  if (entry.payload_form != PayloadForm::inlined || entry.has_child()) return std::nullopt;
  if (!is_valued(static_cast<Kind>(entry.kind))) return std::nullopt;
  BytesView bytes = entry.inlined;
  auto count = take_varint(bytes);
  if (!count || *count != 1 || !take_dot(bytes)) return std::nullopt;
  auto length = take_varint(bytes);
  if (!length || *length == 0 || *length - 1 != bytes.size()) return std::nullopt;
  return bytes;
}

std::unexpected<Error> not_a_file(BytesView path, const Value& value) {
  return fail(Error::Kind::invalid,
              printable(path) + " is no file but a " + value.description() +
                  (value.is_conflict() ? "; write over it to resolve it" : ""));
}

// What of a conflict is below a directory, as paths.
struct ConflictSearch {
  size_t limit;
  std::vector<Bytes> found{};

  Result<void> look(const Tree& tree, const Bytes& above) {
    Result<void> result;
    auto visit = [&](BytesView key, const Entry& entry) {
      Bytes path = above.empty() ? Bytes(key) : above + "/" + Bytes(key);
      result = look_at(tree, entry, path);
      return !result || found.size() >= limit ? Flow::stop : Flow::go_on;
    };
    if (auto ok = tree.scan(kFirstStep, {}, Direction::forward, visit); !ok) return ok;
    return result;
  }
  Result<void> look_at(const Tree& tree, const Entry& entry, const Bytes& path) {
    auto value = value_of(tree, entry);
    if (!value) return pass_on(value);
    if (value->is_conflict()) found.push_back(path);
    if (!value->has_entries_below || found.size() >= limit) return {};
    auto child = tree.child(entry);
    if (!child) return pass_on(child);
    return look(*child, path);
  }
};

}  // namespace

bool Value::is_conflict() const {
  if (disagree(live)) return true;
  return has_entries_below &&
         std::ranges::any_of(live, [](const LiveEntry& e) { return e.kind != Kind::map; });
}

std::vector<Choice> Value::choices() const {
  std::vector<Choice> choices;
  for (const Term& term : terms_of(live)) {
    Choice choice;
    for (const LiveEntry& entry : live) {
      if (Term{entry.kind, entry.value} == term) choice.live.push_back(entry);
    }
    choices.push_back(std::move(choice));
  }
  if (has_entries_below) choices.push_back({});
  return choices;
}

std::optional<Kind> Value::kind() const {
  if (live.empty()) return std::nullopt;
  for (const LiveEntry& entry : live) {
    if (entry.kind != live.front().kind) return std::nullopt;
  }
  return live.front().kind;
}

std::string Value::description() const {
  if (live.empty()) return has_entries_below ? "directory" : "nothing";
  if (!is_conflict()) return name(live.front().kind);
  std::string text;
  for (auto entry = live.begin(); entry != live.end(); ++entry) {
    bool again = std::any_of(live.begin(), entry, [&](const LiveEntry& other) {
      return other.kind == entry->kind && other.value == entry->value;
    });
    if (!again) text += (text.empty() ? "conflict: " : ", ") + name(entry->kind);
  }
  return has_entries_below ? text + ", entries below" : text;
}

Result<std::optional<Bytes>> State::get(BytesView path) const {
  auto entry = tree_.at(path);
  if (!entry) return pass_on(entry);
  if (!*entry) return std::nullopt;
  if (auto bytes = only_value(**entry)) return Bytes(*bytes);
  auto reader = open(path);
  if (!reader) return pass_on(reader);
  if (!*reader) return std::nullopt;
  auto bytes = (*reader)->read_all();
  if (!bytes) return pass_on(bytes);
  return std::move(*bytes);
}

Result<std::optional<PayloadReader>> State::open(BytesView path) const {
  auto found = value(path);
  if (!found) return pass_on(found);
  if (!*found) return std::nullopt;
  if ((*found)->live.empty()) return std::nullopt;  // a directory
  if ((*found)->is_conflict() || !is_valued((*found)->live.front().kind)) {
    return not_a_file(path, **found);
  }
  return PayloadReader(tree_.objects(), std::move((*found)->live.front().value));
}

Result<std::optional<Value>> State::value(BytesView path) const {
  if (path.empty()) {
    if (tree_.empty()) return std::nullopt;
    return Value{{}, true};
  }
  auto entry = tree_.at(path);
  if (!entry) return pass_on(entry);
  if (!*entry) return std::nullopt;
  auto value = value_of(tree_, **entry);
  if (!value) return pass_on(value);
  return std::move(*value);
}

Result<std::vector<ListedName>> State::list(BytesView path, BytesView from, uint64_t limit) const {
  auto directory = tree_.subtree(path);
  if (!directory) return pass_on(directory);
  std::vector<ListedName> names;
  Result<void> result;
  auto visit = [&](BytesView key, const Entry& entry) {
    if (names.size() >= limit) return Flow::stop;
    auto value = value_of(*directory, entry);
    if (!value) {
      result = pass_on(value);
      return Flow::stop;
    }
    names.push_back({Bytes(key), value->kind(), value->has_entries_below});
    return Flow::go_on;
  };
  auto ok = directory->scan(std::max(from, kFirstStep), {}, Direction::forward, visit);
  if (!ok) return pass_on(ok);
  if (!result) return pass_on(result);
  return names;
}

Result<std::vector<Bytes>> State::conflicts(BytesView path, size_t limit) const {
  ConflictSearch search{limit};
  if (path.empty()) {
    if (auto ok = search.look(tree_, {}); !ok) return pass_on(ok);
    return std::move(search.found);
  }
  auto entry = tree_.at(path);
  if (!entry) return pass_on(entry);
  if (*entry) {
    if (auto ok = search.look_at(tree_, **entry, Bytes(path)); !ok) return pass_on(ok);
  }
  return std::move(search.found);
}

Result<Tree> State::value_tree(BytesView path, Kind kind) const {
  auto position = tree_.subtree(path);
  if (!position) return pass_on(position);
  auto entry = position->find(value_key(kind));
  if (!entry) return pass_on(entry);
  if (!*entry) return Tree(tree_.objects());
  return position->child(**entry);
}

Result<std::optional<Bytes>> State::user_state(BytesView path, Kind kind) const {
  auto position = tree_.subtree(path);
  if (!position) return pass_on(position);
  auto entry = position->find(value_key(kind));
  if (!entry) return pass_on(entry);
  if (!*entry || !(*entry)->has_payload()) return std::nullopt;
  auto bytes = position->read(**entry);
  if (!bytes) return pass_on(bytes);
  return std::move(*bytes);
}

Result<bool> State::is_live(BytesView path, Kind kind) const {
  auto found = value(path);
  if (!found) return pass_on(found);
  return *found && has_kind((*found)->live, kind);
}

}  // namespace ukstore
