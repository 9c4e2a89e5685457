#include <ukstore/merge/exchange/value_view.h>

#include <ukstore/merge/merge_options.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>

#include <algorithm>

namespace ukstore {
namespace {

Result<Bytes> lines(const Result<std::vector<Bytes>>& values) {
  if (!values) return pass_on(values);
  Bytes text;
  for (const Bytes& value : *values) text += value + "\n";
  return text;
}

Result<Bytes> text_of(const State& state, BytesView path, Kind kind) {
  switch (kind) {
    case Kind::counter: {
      auto number = state.at<Counter>(path).value();
      if (!number) return pass_on(number);
      return std::to_string(*number) + "\n";
    }
    case Kind::flag: {
      auto on = state.at<Flag>(path).is_on();
      if (!on) return pass_on(on);
      return Bytes(*on ? "true\n" : "false\n");
    }
    case Kind::last_writer: {
      auto value = state.at<LastWriter<Bytes>>(path).value();
      if (!value) return pass_on(value);
      return *value ? **value + "\n" : Bytes();
    }
    case Kind::multi_value:
      return lines(state.at<MultiValue<Bytes>>(path).values());
    case Kind::set:
      return lines(state.at<Set<Bytes>>(path).elements());
    case Kind::log:
      return lines(state.at<AppendLog<Bytes>>(path).entries());
    default: {
      auto bytes = state.user_state(path, kind);
      if (!bytes) return pass_on(bytes);
      return bytes->value_or(Bytes());
    }
  }
}

Result<Shown> conflict(const State& state, BytesView path, const Value& value) {
  Shown shown{.text = {}, .is_conflict = true};
  Live told;
  for (const LiveEntry& entry : value.live) {
    bool again = std::ranges::any_of(told, [&](const LiveEntry& other) {
      return other.kind == entry.kind && other.value == entry.value;
    });
    if (again) continue;
    told.push_back(entry);
    if (is_valued(entry.kind)) {
      auto bytes = PayloadReader(state.tree().objects(), entry.value).read_all();
      if (!bytes) return pass_on(bytes);
      shown.text += name(entry.kind) + " " + *bytes;
      if (!shown.text.ends_with('\n')) shown.text += "\n";
      continue;
    }
    auto line = describe(state, path, entry.kind);
    if (!line) return pass_on(line);
    shown.text += *line + "\n";
  }
  return shown;
}

}  // namespace

Result<std::optional<Shown>> shown_at(const State& state, BytesView path) {
  auto value = state.value(path);
  if (!value) return pass_on(value);
  if (!*value || (*value)->live.empty()) return std::nullopt;
  const Live& live = (*value)->live;
  bool only_maps =
      std::ranges::all_of(live, [](const LiveEntry& e) { return e.kind == Kind::map; });
  if (only_maps) return std::nullopt;
  if ((*value)->is_conflict()) {
    if ((*value)->has_entries_below) return std::nullopt;
    auto shown = conflict(state, path, **value);
    if (!shown) return pass_on(shown);
    return std::move(*shown);
  }
  Kind kind = live.front().kind;
  if (is_valued(kind)) return Shown{.kind = kind, .stored = live.front().value};
  auto text = text_of(state, path, kind);
  if (!text) return pass_on(text);
  return Shown{.stored = {}, .text = std::move(*text)};
}

uint64_t size_of(const Shown& shown) {
  return shown.stored ? shown.stored->size : shown.text.size();
}

Result<void> write_content(const ObjectStore& objects, const Shown& shown, ByteSink& to) {
  if (!shown.stored) return to.write(shown.text);
  Result<void> result;
  auto ok = PayloadReader(objects, *shown.stored).visit(0, [&](BytesView piece) {
    result = to.write(piece);
    return result ? Flow::go_on : Flow::stop;
  });
  return ok ? result : ok;
}

}  // namespace ukstore
