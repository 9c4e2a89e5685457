#include <ukstore/images/ukstore/types.h>

#include <ukstore/images/ukstore/arguments.h>
#include <ukstore/images/ukstore/failure.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/merge/types/counter.h>
#include <ukstore/merge/types/flag.h>
#include <ukstore/merge/types/log.h>
#include <ukstore/merge/types/map.h>
#include <ukstore/merge/types/register.h>
#include <ukstore/merge/types/set.h>

#include <algorithm>

namespace ukstore::cli {
namespace {

std::string reading(BytesView path) { return "cannot read " + in_quotes(path); }

// Elements as strings; such as are no UTF-8 as objects.
Json array_of(const std::vector<Bytes>& elements) {
  Json array = Json::array();
  for (const Bytes& element : elements) {
    if (is_utf8(element)) {
      array.push_back(element);
    } else {
      array.push_back({{"base64", to_base64(element)}});
    }
  }
  return array;
}

Failure wrong_value(const Bytes& path, const Bytes& text, std::string_view type,
                    std::string_view wanted) {
  return {Exit::user_error,
          in_quotes(text) + " is no value of a " + std::string(type),
          {in_quotes(path) + " holds a " + std::string(type) + ", whose value is " +
           std::string(wanted)},
          {"to keep other bytes there: ukstore set " + shell_word(path) + " VALUE --type bytes"}};
}

// What a transaction holds at a path, as lines, if the one thing that is live there is of this
// kind: so that writing what is there makes no commit.
std::optional<std::vector<Bytes>> live_value(Tx& tx, const Bytes& path, Kind kind) {
  const State state = must(tx.state(), reading(path));
  const auto value = must(state.value(path), reading(path));
  if (!value || value->is_conflict() || value->kind() != kind) return std::nullopt;
  return find_type(kind)->lines(state, path);
}

// One line of a text for each element; the last end of line ends the last element.
std::vector<Bytes> lines_of(const Bytes& text) {
  std::vector<Bytes> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

// ---- bytes, in the kinds that merge as a whole.

std::vector<Bytes> bytes_lines(const State& state, BytesView path) {
  const auto value = must(state.get(path), reading(path));
  return {value.value_or(Bytes())};
}
void put_bytes_value(Json& entry, const State& state, BytesView path) {
  put_bytes(entry, "value", bytes_lines(state, path).front());
}
template <Kind kKind>
Write set_bytes(const Bytes& path, const Bytes& text) {
  return [=](Tx& tx) { tx.set(path, text, kKind); };
}

// ---- counter

int64_t counter_value(const State& state, BytesView path) {
  return must(state.at<Counter>(path).value(), reading(path));
}
std::vector<Bytes> counter_lines(const State& state, BytesView path) {
  return {std::to_string(counter_value(state, path))};
}
void put_counter(Json& entry, const State& state, BytesView path) {
  entry["value"] = counter_value(state, path);
}
Write set_counter(const Bytes& path, const Bytes& text) {
  const auto number = to_integer(text);
  if (!number) throw wrong_value(path, text, "counter", "a whole number");
  return [=](Tx& tx) {
    const auto now = live_value(tx, path, Kind::counter);
    if (now && now->front() == std::to_string(*number)) return;
    auto counter = tx.at<Counter>(path);
    counter.reset();
    counter.add(*number);
  };
}

// ---- flag

std::vector<Bytes> flag_lines(const State& state, BytesView path) {
  return {must(state.at<Flag>(path).is_on(), reading(path)) ? "on" : "off"};
}
void put_flag(Json& entry, const State& state, BytesView path) {
  entry["value"] = must(state.at<Flag>(path).is_on(), reading(path));
}
Write set_flag(const Bytes& path, const Bytes& text) {
  const bool on = text == "on" || text == "true";
  if (!on && text != "off" && text != "false") throw wrong_value(path, text, "flag", "on or off");
  return [=](Tx& tx) {
    const auto now = live_value(tx, path, Kind::flag);
    if (now && (now->front() == "on") == on) return;
    on ? tx.at<Flag>(path).enable() : tx.at<Flag>(path).disable();
  };
}

// ---- registers

std::vector<Bytes> register_lines(const State& state, BytesView path) {
  const auto value = must(state.at<LastWriter<>>(path).value(), reading(path));
  return {value.value_or(Bytes())};
}
void put_register(Json& entry, const State& state, BytesView path) {
  put_bytes(entry, "value", register_lines(state, path).front());
}
std::vector<Bytes> multi_lines(const State& state, BytesView path) {
  return must(state.at<MultiValue<>>(path).values(), reading(path));
}
void put_multi(Json& entry, const State& state, BytesView path) {
  entry["value"] = array_of(multi_lines(state, path));
}
template <class Register>
Write set_register(const Bytes& path, const Bytes& text) {
  return [=](Tx& tx) {
    const auto now = live_value(tx, path, Register::kind);
    if (now && *now == std::vector<Bytes>{text}) return;
    tx.at<Register>(path).write(text);
  };
}

// ---- set

std::vector<Bytes> set_lines(const State& state, BytesView path) {
  return must(state.at<Set<>>(path).elements(), reading(path));
}
void put_set(Json& entry, const State& state, BytesView path) {
  entry["value"] = array_of(set_lines(state, path));
}
Write set_set(const Bytes& path, const Bytes& text) {
  return [path, wanted = lines_of(text)](Tx& tx) {
    const auto live = live_value(tx, path, Kind::set);
    const std::vector<Bytes> now = live.value_or(std::vector<Bytes>());
    auto set = tx.at<Set<>>(path);
    if (!live) set.clear();  // makes it, though it be empty
    for (const Bytes& element : now) {
      if (std::ranges::find(wanted, element) == wanted.end()) set.erase(element);
    }
    for (const Bytes& element : wanted) {
      if (std::ranges::find(now, element) == now.end()) set.insert(element);
    }
  };
}

// ---- map and log

std::vector<Bytes> map_lines(const State& state, BytesView path) {
  return must(state.at<Map<>>(path).keys(), reading(path));
}
void put_map(Json& entry, const State& state, BytesView path) {
  entry["value"] = array_of(map_lines(state, path));
}
std::vector<Bytes> log_lines(const State& state, BytesView path) {
  return must(state.at<AppendLog<>>(path).entries(), reading(path));
}
void put_log(Json& entry, const State& state, BytesView path) {
  entry["value"] = array_of(log_lines(state, path));
}

// ---- Written anew elsewhere.

void copy_counter(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  tx.at<Counter>(to).reset();
  tx.at<Counter>(to).add(counter_value(state, from));
}
void copy_flag(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  const bool on = must(state.at<Flag>(from).is_on(), reading(from));
  on ? tx.at<Flag>(to).enable() : tx.at<Flag>(to).disable();
}
void copy_register(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  tx.at<LastWriter<>>(to).write(register_lines(state, from).front());
}
void copy_multi(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  // A write replaces what it has seen, so of several values the last one stays.
  for (const Bytes& value : multi_lines(state, from)) tx.at<MultiValue<>>(to).write(value);
}
void copy_set(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  tx.at<Set<>>(to).clear();
  for (const Bytes& element : set_lines(state, from)) tx.at<Set<>>(to).insert(element);
}
void copy_map(Tx& tx, const State&, const Bytes&, const Bytes& to) { tx.at<Map<>>(to).create(); }
void copy_log(Tx& tx, const State& state, const Bytes& from, const Bytes& to) {
  for (const Bytes& entry : log_lines(state, from)) tx.at<AppendLog<>>(to).append(entry);
}

}  // namespace

const std::vector<ValueType>& value_types() {
  static const std::vector<ValueType> kTypes = {
      {"bytes", Kind::file, "bytes as they are; a concurrent change is a conflict", bytes_lines,
       put_bytes_value, set_bytes<Kind::file>, nullptr},
      {"counter", Kind::counter, "a number to add to", counter_lines, put_counter, set_counter,
       copy_counter},
      {"register", Kind::last_writer, "bytes of which the last writer wins", register_lines,
       put_register, set_register<LastWriter<>>, copy_register},
      {"mvregister", Kind::multi_value, "bytes that keep all concurrent values", multi_lines,
       put_multi, set_register<MultiValue<>>, copy_multi},
      {"flag", Kind::flag, "on or off; on wins", flag_lines, put_flag, set_flag, copy_flag},
      {"set", Kind::set, "elements; adding wins", set_lines, put_set, set_set, copy_set},
      {"map", Kind::map, "keys with values below it", map_lines, put_map, nullptr, copy_map},
      {"log", Kind::log, "entries, appended", log_lines, put_log, nullptr, copy_log},
      {"executable", Kind::executable, "bytes of a program, as git has them", bytes_lines,
       put_bytes_value, set_bytes<Kind::executable>, nullptr},
      {"symlink", Kind::symlink, "where a link points to, as git has it", bytes_lines,
       put_bytes_value, set_bytes<Kind::symlink>, nullptr},
      {"gitlink", Kind::gitlink, "a commit of another repository, as git has it", bytes_lines,
       put_bytes_value, set_bytes<Kind::gitlink>, nullptr},
  };
  return kTypes;
}

const ValueType* find_type(Kind kind) {
  const auto found = std::ranges::find(value_types(), kind, &ValueType::kind);
  return found == value_types().end() ? nullptr : &*found;
}

const ValueType& type_named(const std::string& name) {
  const auto found = std::ranges::find(value_types(), name, &ValueType::name);
  if (found != value_types().end()) return *found;
  std::vector<std::string> names;
  std::string list;
  for (const ValueType& type : value_types()) {
    names.emplace_back(type.name);
    list += (list.empty() ? "" : ", ") + names.back();
  }
  Failure failure{Exit::usage, "there is no type " + in_quotes(name)};
  const auto near = did_you_mean(name, names);
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back("there are: " + list);
  throw failure;
}

std::string type_name(Kind kind) {
  const ValueType* type = find_type(kind);
  return type ? std::string(type->name) : ukstore::name(kind);
}

}  // namespace ukstore::cli
