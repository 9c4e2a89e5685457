#include <ukstore/merge/merge_options.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>

namespace ukstore {
namespace {

constexpr size_t kShownBytesMax = 40;

Result<std::string> describe_live(const State& state, const Value& value) {
  if (value.live.empty()) return value.description();
  std::string text;
  for (const LiveEntry& entry : value.live) {
    if (!text.empty()) text += " and ";
    text += name(entry.kind);
    if (!is_valued(entry.kind)) continue;
    Bytes shown(std::min<uint64_t>(entry.value.size, kShownBytesMax), '\0');
    auto read = PayloadReader(state.tree().objects(), entry.value).read(0, shown);
    if (!read) return pass_on(read);
    text += " \"" + printable(shown) + (entry.value.size > shown.size() ? "..." : "") + "\"";
  }
  return value.has_entries_below ? text + ", entries below" : text;
}

}  // namespace

Result<std::string> describe(const State& state, BytesView path, std::optional<Kind> kind) {
  if (!kind) {
    auto value = state.value(path);
    if (!value) return pass_on(value);
    return *value ? describe_live(state, **value) : Result<std::string>("nothing");
  }
  auto live = state.is_live(path, *kind);
  if (!live) return pass_on(live);
  if (!*live) return "no " + name(*kind);
  if (*kind == Kind::counter) {
    auto number = state.at<Counter>(path).value();
    if (!number) return pass_on(number);
    return "counter " + std::to_string(*number);
  }
  if (*kind == Kind::flag) {
    auto on = state.at<Flag>(path).is_on();
    if (!on) return pass_on(on);
    return std::string(*on ? "flag on" : "flag off");
  }
  auto tree = state.value_tree(path, *kind);
  if (!tree) return pass_on(tree);
  return name(*kind) + " of " + std::to_string(tree->count());
}

}  // namespace ukstore
