#include <ukstore/images/ukstore/entry.h>

#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/merge/merge_options.h>
#include <ukstore/merge/types/counter.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

constexpr uint64_t kShownBytesMax = 60;

std::string reading(BytesView path) { return "cannot read " + in_quotes(path); }

bool is_directory(const Value& value) { return value.live.empty() && value.has_entries_below; }

Hash hash_of_payload(const Payload& payload) {
  if (payload.form != PayloadForm::inlined) return payload.object.hash;
  return hash_object(ObjectKind::blob, payload.inlined);
}

// The name of a typed value is that of its tree.
Hash hash_of_value(const State& state, const Bytes& path, const LiveEntry& entry) {
  if (is_valued(entry.kind)) return hash_of_payload(entry.value);
  return must(state.value_tree(path, entry.kind), reading(path)).hash();
}

Hash hash_of_directory(const State& state, const Bytes& path) {
  return must(state.tree().subtree(path), reading(path)).hash();
}

Bytes payload_bytes(const State& state, const Bytes& path, const Payload& payload, uint64_t limit) {
  Bytes bytes(std::min(payload.size, limit), '\0');
  const PayloadReader reader(state.tree().objects(), payload);
  size_t done = 0;
  while (done < bytes.size()) {
    const size_t got = must(reader.read(done, std::span(bytes).subspan(done)), reading(path));
    if (got == 0) break;
    done += got;
  }
  return bytes;
}

uint64_t count_of(const State& state, const Bytes& path, Kind kind) {
  return must(state.value_tree(path, kind), reading(path)).count();
}

std::string text_of(const State& state, const Bytes& path, const LiveEntry& entry) {
  const std::string type = type_name(entry.kind);
  if (is_valued(entry.kind)) {
    const Bytes shown = payload_bytes(state, path, entry.value, kShownBytesMax);
    return type + " \"" + printable(shown) + (entry.value.size > shown.size() ? "..." : "") + "\"";
  }
  return must(describe(state, path, entry.kind), reading(path));
}

}  // namespace

std::string type_of(const Value& value) {
  if (value.is_conflict()) return "conflict";
  if (value.live.empty()) return "directory";
  return type_name(value.live.front().kind);
}

Json entry_object(const State& state, const Bytes& path, const Value& value, Detail detail) {
  if (value.is_conflict()) return conflict_object(state, path, value);
  Json entry = Json::object();
  put_bytes(entry, "path", path);
  entry["type"] = type_of(value);
  if (is_directory(value)) {
    entry["count"] = must(state.list(path), reading(path)).size();
    entry["hash"] = to_hex(hash_of_directory(state, path));
    return entry;
  }
  const LiveEntry& live = value.live.front();
  const ValueType* type = find_type(live.kind);
  if (detail == Detail::value && type) {
    type->put_value(entry, state, path);
  } else if (is_valued(live.kind)) {
    entry["size"] = live.value.size;
  } else {
    entry["count"] = count_of(state, path, live.kind);
  }
  entry["hash"] = to_hex(hash_of_value(state, path, live));
  return entry;
}

std::string summary_of(const State& state, const Bytes& path, const Value& value) {
  if (value.is_conflict()) {
    return "conflict of " + std::to_string(terms_of(state, path, value).size());
  }
  if (value.live.empty()) return "directory";
  const LiveEntry& live = value.live.front();
  if (is_valued(live.kind)) {
    return type_name(live.kind) + ", " + std::to_string(live.value.size) + " bytes";
  }
  if (live.kind == Kind::counter || live.kind == Kind::flag) {
    return must(describe(state, path, live.kind), reading(path));
  }
  return type_name(live.kind) + " of " + std::to_string(count_of(state, path, live.kind));
}

std::vector<ShownTerm> terms_of(const State& state, const Bytes& path, const Value& value) {
  constexpr uint64_t kValueBytesMax = 4096;
  std::vector<ShownTerm> terms;
  for (const Choice& choice : value.choices()) {
    ShownTerm term;
    if (choice.live.empty()) {
      const uint64_t count = must(state.list(path), reading(path)).size();
      term.text = "directory of " + std::to_string(count);
      term.object = {{"type", "directory"},
                     {"count", count},
                     {"hash", to_hex(hash_of_directory(state, path))}};
      terms.push_back(std::move(term));
      continue;
    }
    const LiveEntry& entry = choice.live.front();
    term.text = text_of(state, path, entry);
    term.object["type"] = type_name(entry.kind);
    if (!is_valued(entry.kind)) {
      if (const ValueType* type = find_type(entry.kind)) type->put_value(term.object, state, path);
    } else if (entry.value.size <= kValueBytesMax) {
      put_bytes(term.object, "value", payload_bytes(state, path, entry.value, kValueBytesMax));
    } else {
      term.object["size"] = entry.value.size;
    }
    term.object["hash"] = to_hex(hash_of_value(state, path, entry));
    terms.push_back(std::move(term));
  }
  return terms;
}

Json conflict_object(const State& state, const Bytes& path, const Value& value) {
  Json object = Json::object();
  put_bytes(object, "path", path);
  object["type"] = "conflict";
  object["terms"] = Json::array();
  for (ShownTerm& term : terms_of(state, path, value))
    object["terms"].push_back(std::move(term.object));
  return object;
}

Value value_at(const State& state, const Bytes& path) {
  auto value = must(state.value(path), reading(path));
  if (value) return std::move(*value);
  // The deepest directory that is there, and what it has that looks like the next step.
  Bytes above = path;
  std::string missing;
  do {
    const size_t slash = above.rfind('/');
    missing = above.substr(slash == Bytes::npos ? 0 : slash + 1);
    above = slash == Bytes::npos ? "" : above.substr(0, slash);
  } while (!above.empty() && !must(state.value(above), reading(above)));
  constexpr uint64_t kNamesMax = 10'000;
  std::vector<std::string> names;
  for (const ListedName& listed : must(state.list(above, {}, kNamesMax), reading(above))) {
    names.push_back(listed.name);
  }
  Failure failure{Exit::not_found, "there is nothing at " + in_quotes(path)};
  if (const auto near = nearest(missing, names)) {
    failure.hints.push_back("did you mean " +
                            in_quotes(above.empty() ? *near : above + "/" + *near) + "?");
  }
  failure.hints.push_back("see what is there: ukstore ls" +
                          (above.empty() ? "" : " " + shell_word(above)));
  throw failure;
}

Bytes path_of(const std::string& text) {
  Bytes path = directory_of(text);
  if (!path.empty()) return path;
  throw Failure{Exit::user_error,
                in_quotes(text) + " names the top, which holds no value itself",
                {},
                {"write a path of steps, such as: notes/today"}};
}

Bytes directory_of(const std::optional<std::string>& text) {
  if (!text) return {};
  Bytes path = *text;
  if (path.starts_with('/')) path.erase(0, 1);
  if (path.ends_with('/')) path.pop_back();
  const auto ok = check_path(path);
  if (ok) return path;
  throw Failure{Exit::user_error,
                in_quotes(*text) + " is no path",
                {ok.error().message},
                {"a path is steps of 1 to 255 bytes joined by slashes, such as: notes/today"}};
}

}  // namespace ukstore::cli
