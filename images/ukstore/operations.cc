#include <ukstore/images/ukstore/operations.h>

#include <ukstore/images/ukstore/arguments.h>
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

using Words = std::vector<Bytes>;

int64_t amount_of(const Bytes& word) {
  if (const auto number = to_integer(word)) return *number;
  throw Failure{Exit::user_error,
                in_quotes(word) + " is no whole number",
                {"a counter counts in numbers of 64 bits"},
                {"write it in digits: ukstore op counter hits add 3"}};
}

Write counter_add(const Bytes& path, const Words& words) {
  return [path, amount = amount_of(words[0])](Tx& tx) { tx.at<Counter>(path).add(amount); };
}
Write counter_reset(const Bytes& path, const Words&) {
  return [=](Tx& tx) { tx.at<Counter>(path).reset(); };
}
Write flag_enable(const Bytes& path, const Words&) {
  return [=](Tx& tx) { tx.at<Flag>(path).enable(); };
}
Write flag_disable(const Bytes& path, const Words&) {
  return [=](Tx& tx) { tx.at<Flag>(path).disable(); };
}
template <class Register>
Write register_write(const Bytes& path, const Words& words) {
  return [path, value = words[0]](Tx& tx) { tx.at<Register>(path).write(value); };
}
Write set_add(const Bytes& path, const Words& words) {
  return [=](Tx& tx) {
    for (const Bytes& word : words) tx.at<Set<>>(path).insert(word);
  };
}
Write set_remove(const Bytes& path, const Words& words) {
  return [=](Tx& tx) {
    for (const Bytes& word : words) tx.at<Set<>>(path).erase(word);
  };
}
Write set_clear(const Bytes& path, const Words&) {
  return [=](Tx& tx) { tx.at<Set<>>(path).clear(); };
}
Write map_create(const Bytes& path, const Words&) {
  return [=](Tx& tx) { tx.at<Map<>>(path).create(); };
}
Write map_put(const Bytes& path, const Words& words) {
  return [=](Tx& tx) { tx.at<Map<>>(path).at(words[0]).set(words[1]); };
}
Write map_erase(const Bytes& path, const Words& words) {
  return [=](Tx& tx) { tx.at<Map<>>(path).erase(words[0]); };
}
Write log_append(const Bytes& path, const Words& words) {
  return [=](Tx& tx) {
    for (const Bytes& word : words) tx.at<AppendLog<>>(path).append(word);
  };
}

void check_count(const Operation& operation, const Words& words) {
  size_t least = 0, most = 0;
  for (const Parameter& parameter : parameters(operation.usage)) {
    if (!parameter.optional) ++least;
    most = parameter.repeated ? SIZE_MAX : most + 1;
  }
  if (words.size() >= least && words.size() <= most) return;
  const std::string name = std::string(operation.type) + " " + std::string(operation.verb);
  throw Failure{
      Exit::usage,
      words.size() > most
          ? in_quotes(name) + " does not take " + in_quotes(words[most]) + " as well"
          : in_quotes(name) + " wants " + std::string(operation.usage),
      {},
      {"usage: ukstore op " + std::string(operation.type) + " PATH " + std::string(operation.verb) +
       (operation.usage.empty() ? "" : " " + std::string(operation.usage))}};
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> kOperations = {
      {"counter", "add", "N", "adds a number, which may be negative", counter_add},
      {"counter", "reset", "", "back to 0; what is added beside it survives", counter_reset},
      {"register", "write", "VALUE", "the last writer wins", register_write<LastWriter<>>},
      {"mvregister", "write", "VALUE", "concurrent values are all kept",
       register_write<MultiValue<>>},
      {"flag", "enable", "", "on; wins over a concurrent disable", flag_enable},
      {"flag", "disable", "", "off", flag_disable},
      {"set", "add", "ELEMENT...", "adds elements; wins over a concurrent remove", set_add},
      {"set", "remove", "ELEMENT...", "removes elements", set_remove},
      {"set", "clear", "", "removes all elements that it has seen", set_clear},
      {"map", "create", "", "makes a map, which stays though it be empty", map_create},
      {"map", "put", "KEY VALUE", "bytes under a key", map_put},
      {"map", "erase", "KEY", "removes a key", map_erase},
      {"log", "append", "ENTRY...", "appends entries", log_append},
  };
  return kOperations;
}

Write make_operation(const std::string& type, const Bytes& path, const std::string& verb,
                     const Words& words) {
  type_named(type);
  std::vector<std::string> verbs;
  for (const Operation& operation : operations()) {
    if (operation.type != type) continue;
    if (operation.verb == verb) {
      check_count(operation, words);
      return operation.make(path, words);
    }
    verbs.emplace_back(operation.verb);
  }
  Failure failure{Exit::usage, "a " + type + " has no operation " + in_quotes(verb)};
  std::string list;
  for (const std::string& known : verbs) list += (list.empty() ? "" : ", ") + known;
  const auto near = did_you_mean(verb, verbs);
  if (!near.empty()) failure.hints.push_back(near);
  failure.hints.push_back(verbs.empty()
                              ? "write it whole: ukstore set " + shell_word(path) + " VALUE"
                              : "there are: " + list);
  throw failure;
}

std::optional<Value> TypeGuard::value_before(const Bytes& path) const {
  return must(before_.value(path), "cannot read " + in_quotes(path));
}

bool TypeGuard::was_written_above(const Bytes& path) const {
  for (size_t slash = path.rfind('/'); slash != Bytes::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    if (written_.contains(path.substr(0, slash))) return true;
  }
  return false;
}

const ValueType* TypeGuard::type_at(Tx& tx, const Bytes& path) {
  if (const auto known = written_.find(path); known != written_.end()) return known->second;
  std::optional<Value> value;
  if (was_written_above(path)) {
    const State now = must(tx.state(), "cannot read " + in_quotes(path));
    value = must(now.value(path), "cannot read " + in_quotes(path));
  } else {
    value = value_before(path);
  }
  if (!value || value->is_conflict() || value->live.empty()) return nullptr;
  return find_type(value->live.front().kind);
}

void TypeGuard::demand(Tx& tx, const Bytes& path, const ValueType& type) {
  const ValueType* now = type_at(tx, path);
  if (!now || now == &type) return;
  throw Failure{
      Exit::user_error,
      in_quotes(path) + " is of type " + std::string(now->name) + ", not " + std::string(type.name),
      {"operations of one type do not fit values of another"},
      {"see its operations: ukstore help op", "or replace it: ukstore set " + shell_word(path) +
                                                  " VALUE --type " + std::string(type.name)}};
}

}  // namespace ukstore::cli
