#include <ukstore/images/ukstore/writing.h>

#include <ukstore/images/ukstore/committing.h>

#include <algorithm>

namespace ukstore::cli {

Exit write(Context& context, Branch& branch, const std::string& message, const Write& write) {
  const Committing committing(context);
  const Committed committed = must(branch.transact(write, context.commit_info(message)),
                                   "cannot write to branch " + in_quotes(branch.name()));
  Output& out = context.out();
  if (out.is_json()) {
    const bool is_absent = committed.head.hash == Hash{};
    out.object({{"commit", committed.commit ? Json(to_hex(committed.commit->hash)) : Json(nullptr)},
                {"head", is_absent ? Json(nullptr) : Json(to_hex(committed.head.hash))}});
  } else {
    out.note(to_hex(committed.head.hash));
  }
  return Exit::done;
}

Failure cannot_be_set(const ValueType& type, const Bytes& path) {
  return {Exit::user_error,
          in_quotes(path) + " is a " + std::string(type.name) + ", which cannot be set as a whole",
          {},
          {"change it by its operations: ukstore help op",
           "or replace it: ukstore set " + shell_word(path) + " VALUE --type bytes"}};
}

void print_for_terminal(Output& out, BytesView bytes) {
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string line;
    // Tabs are harmless and backslashes are what they are: only what a terminal would obey or
    // could not show is escaped.
    for (BytesView rest = bytes.substr(0, end); !rest.empty();) {
      const size_t plain = std::min(rest.find_first_of("\t\\"), rest.size());
      line += printable(rest.substr(0, plain));
      if (plain < rest.size()) line += rest[plain];
      rest.remove_prefix(std::min(plain + 1, rest.size()));
    }
    out.line(line);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

}  // namespace ukstore::cli
