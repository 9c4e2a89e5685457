// op and batch: operations, one or many as one commit.
#include <ukstore/images/ukstore/batch.h>
#include <ukstore/images/ukstore/commands.h>
#include <ukstore/images/ukstore/context.h>
#include <ukstore/images/ukstore/entry.h>
#include <ukstore/images/ukstore/operations.h>
#include <ukstore/images/ukstore/writing.h>

namespace ukstore::cli {
namespace {

Exit op(Context& context, const Arguments& arguments) {
  const Bytes path = path_of(arguments.at("PATH"));
  const ValueType& type = type_named(arguments.at("TYPE"));
  const std::string& verb = arguments.at("VERB");
  auto words = arguments.rest("ARGS");
  for (auto& word : words) {
    if (word == "-") word = context.read_input();
  }
  const Write change = make_operation(arguments.at("TYPE"), path, verb, words);
  Branch branch = context.branch_to_write();
  std::string message = "op " + std::string(type.name) + " " + printable(path) + " " + verb;
  for (const std::string& word : words) message += " " + printable(word);
  constexpr size_t kMessageBytesMax = 200;
  if (message.size() > kMessageBytesMax) message = message.substr(0, kMessageBytesMax) + "...";
  return write(context, branch, message, [&](Tx& tx) {
    TypeGuard(must(tx.state(), "cannot read " + in_quotes(path))).demand(tx, path, type);
    change(tx);
  });
}

Exit batch(Context& context, const Arguments&) {
  Branch branch = context.branch_to_write();
  const Batch read = Batch::read(context);
  return write(context, branch, "batch of " + std::to_string(read.size()),
               [&](Tx& tx) { read.apply(tx); });
}

// The table of operations, for --help and docs/cli.md.
const std::string& operations_text() {
  static const std::string kText = [] {
    std::string text = "ARGS - is read from standard input.  The operations are:\n";
    for (const Operation& operation : operations()) {
      text += "\n    " + std::string(operation.type) + " PATH " + std::string(operation.verb);
      if (!operation.usage.empty()) text += " " + std::string(operation.usage);
      text += ": " + std::string(operation.summary);
    }
    return text;
  }();
  return kText;
}

}  // namespace

std::vector<Command> operation_commands() {
  const Option message = {"message", 'm', "MSG", "the message of the commit"};
  return {
      {.name = "op",
       .usage = "TYPE PATH VERB [ARGS...]",
       .summary = "an operation on a typed value, which keeps its meaning in merges",
       .more = operations_text(),
       .options = {message},
       .example = {"", "ukstore op set tags add red green --quiet && ukstore get tags",
                   "green\nred\n"},
       .run = op},
      {.name = "batch",
       .usage = "",
       .summary = "JSON Lines on standard input as one commit: all of them or none",
       .more = "A line is one of:\n\n"
               "    {\"op\":\"set\",\"path\":\"a/b\",\"type\":\"bytes\",\"value\":\"text\"}\n"
               "    {\"op\":\"rm\",\"path\":\"a/b\"}\n"
               "    {\"op\":\"op\",\"type\":\"counter\",\"path\":\"hits\",\"verb\":\"add\","
               "\"args\":[3]}\n\n"
               "The type is optional.  Bytes that are no UTF-8 come as path_base64, value_base64 "
               "and {\"base64\":...}.",
       .options = {message},
       .example = {"",
                   "printf '%s\\n' '{\"op\":\"set\",\"path\":\"a\",\"value\":\"1\"}' "
                   "'{\"op\":\"op\",\"type\":\"counter\",\"path\":\"n\",\"verb\":\"add\","
                   "\"args\":[3]}' | ukstore batch",
                   "HASH\n"},
       .run = batch},
  };
}

}  // namespace ukstore::cli
