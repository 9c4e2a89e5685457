#include <ukstore/images/ukstore/batch.h>

#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/lines.h>
#include <ukstore/images/ukstore/nearest.h>
#include <ukstore/images/ukstore/progress.h>
#include <ukstore/images/ukstore/writing.h>

namespace ukstore::cli {
namespace {

// The failure with the line in front.
Failure at_line(Failure failure, size_t line) {
  failure.message = "line " + std::to_string(line) + ": " + failure.message;
  failure.hints.push_back("see what a line holds: ukstore help batch");
  failure.causes.push_back("nothing was changed: a batch is one commit, all of it or none");
  return failure;
}

std::string word_field(const Json& object, const std::string& name) {
  auto word = take_bytes(object, name);
  if (word) return *word;
  throw Failure{Exit::user_error,
                "the field " + in_quotes(name) + " is missing in " + in_quotes(object.dump()),
                {},
                {}};
}

std::vector<Bytes> words_of(const Json& object) {
  std::vector<Bytes> words;
  const auto args = object.find("args");
  if (args == object.end()) return words;
  for (const Json& arg : args->is_array() ? *args : Json::array({*args})) {
    if (arg.is_string()) {
      words.push_back(arg.get<std::string>());
    } else if (arg.is_object() && arg.contains("base64")) {
      words.push_back(*take_bytes(Json{{"value_base64", arg["base64"]}}, "value"));
    } else {
      words.push_back(arg.dump());
    }
  }
  return words;
}

Bytes value_of(const Json& object) {
  const auto plain = object.find("value");
  // A number or true stands for its digits or word, as a counter or flag wants it.
  if (plain != object.end() && (plain->is_number() || plain->is_boolean())) return plain->dump();
  if (plain != object.end() && plain->is_array()) {
    Bytes lines;
    for (const Json& element : *plain) {
      lines += (element.is_string() ? element.get<std::string>() : element.dump()) + "\n";
    }
    return lines;
  }
  return word_field(object, "value");
}

}  // namespace

Batch Batch::read(Context& context) {
  Batch batch;
  LineReader lines(context.process().in);
  Progress progress(context, "reading the batch", "lines");
  while (const auto line = lines.next()) {
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      batch.items_.push_back(item_of(parse_json(*line, "the line")));
    } catch (const Failure& failure) {
      throw at_line(failure, lines.number());
    }
    batch.items_.back().line = lines.number();
    progress.at(lines.number());
  }
  return batch;
}

Batch::Item Batch::item_of(const Json& object) {
  if (!object.is_object()) {
    throw Failure{Exit::user_error, in_quotes(object.dump()) + " is no JSON object", {}, {}};
  }
  const std::string op = word_field(object, "op");
  Item item{.path = path_of(word_field(object, "path"))};
  if (op == "set") {
    item.value = value_of(object);
    if (object.contains("type")) item.type = &type_named(word_field(object, "type"));
    if (item.type && !item.type->set) throw cannot_be_set(*item.type, item.path);
    // What the value means is known now if the type is.
    if (item.type) item.write = item.type->set(item.path, *item.value);
  } else if (op == "rm") {
    item.write = [path = item.path](Tx& tx) { tx.remove(path); };
  } else if (op == "op") {
    const std::string type = word_field(object, "type");
    item.type = &type_named(type);
    item.is_operation = true;
    item.write = make_operation(type, item.path, word_field(object, "verb"), words_of(object));
  } else {
    Failure failure{Exit::user_error, "there is no op " + in_quotes(op)};
    const auto near = did_you_mean(op, {"set", "rm", "op"});
    if (!near.empty()) failure.hints.push_back(near);
    failure.hints.push_back("there are: set, rm, op");
    throw failure;
  }
  return item;
}

void Batch::apply(Tx& tx) const {
  TypeGuard guard(must(tx.state(), "cannot read the branch"));
  for (const Item& item : items_) {
    try {
      apply(tx, guard, item);
    } catch (const Failure& failure) {
      throw at_line(failure, item.line);
    }
  }
}

void Batch::apply(Tx& tx, TypeGuard& guard, const Item& item) const {
  const ValueType* type = item.type;
  if (item.is_operation) guard.demand(tx, item.path, *type);
  if (item.write) {
    item.write(tx);
  } else {
    type = guard.type_at(tx, item.path);
    if (!type) type = &type_named("bytes");
    if (!type->set) throw cannot_be_set(*type, item.path);
    type->set(item.path, *item.value)(tx);
  }
  guard.wrote(item.path, type);
  if (tx.error()) throw failure_of(*tx.error(), "cannot write " + in_quotes(item.path));
}

}  // namespace ukstore::cli
