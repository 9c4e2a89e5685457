#include <ukstore/images/ukstore/failure.h>

#include <ukstore/store/tree.h>

namespace ukstore::cli {
namespace {

struct ExitRow {
  Exit exit;
  std::string_view word;
  std::string_view meaning;
};

constexpr ExitRow kExits[] = {
    {Exit::done, "done", "done"},
    {Exit::user_error, "user_error", "a value or argument that makes no sense here"},
    {Exit::usage, "usage", "the command line itself is wrong"},
    {Exit::broken_pipe, "broken_pipe", "who read the output went away"},
    {Exit::conflict, "conflict", "a conflict remains"},
    {Exit::not_found, "not_found", "no such path, revision or branch"},
    {Exit::moved, "moved", "the head moved meanwhile"},
    {Exit::refused, "refused", "permission or signature refused"},
    {Exit::corrupt, "corrupt", "damaged data was found"},
    {Exit::unreachable, "unreachable", "a peer cannot be reached or took too long"},
    {Exit::no_store, "no_store", "there is no store here"},
    {Exit::locked, "locked", "another writer held the store for over 10 s"},
    {Exit::wrong_key, "wrong_key", "a peer has another key than expected"},
    {Exit::full, "full", "the disk or a quota is full"},
    {Exit::io, "io", "an error of input or output, or read-only after one"},
    {Exit::internal, "internal", "a fault of ukstore itself"},
    {Exit::interrupted, "interrupted", "ended by SIGINT"},
    {Exit::terminated, "terminated", "ended by SIGTERM"},
};

struct Meaning {
  Exit exit;
  std::string_view hint;
};

Meaning meaning_of(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::invalid:
      return {Exit::user_error, "see what it takes: ukstore help"};
    case Error::Kind::not_found:
      return {Exit::not_found, "see what there is: ukstore status, ukstore log"};
    case Error::Kind::moved:
      return {Exit::moved, "look again and retry: ukstore log -n 5"};
    case Error::Kind::corrupt:
      return {Exit::corrupt, "see what is damaged and what can be saved: ukstore fsck --deep"};
    case Error::Kind::io:
      return {Exit::io, "look at the disk and at the permissions, then check: ukstore fsck"};
    case Error::Kind::full:
      return {Exit::full, "make room (df -h shows where), then run the command again"};
    case Error::Kind::locked:
      return {Exit::locked, "wait until the other writer is done, then run the command again"};
    case Error::Kind::read_only:
      return {Exit::io, "nothing was changed; find out what the disk says, then: ukstore fsck"};
    case Error::Kind::closed:
      return {Exit::internal, "this is a fault of ukstore itself; check the store: ukstore fsck"};
    case Error::Kind::unsupported:
      return {Exit::user_error, "see which version this is: ukstore --version"};
    case Error::Kind::limit:
      return {Exit::full, "do it in smaller parts"};
    case Error::Kind::counts_twice:
      return {Exit::user_error, "if that is meant, say so: --again"};
    case Error::Kind::base_missing:
      return {Exit::not_found, "bring the older history in: ukstore bundle apply FILE"};
    case Error::Kind::no_store:
      return {Exit::no_store, "make one: ukstore init"};
  }
  return {Exit::internal, ""};
}

}  // namespace

std::string_view word_of(Exit exit) {
  for (const ExitRow& row : kExits) {
    if (row.exit == exit) return row.word;
  }
  return "internal";
}

const std::vector<std::pair<Exit, std::string_view>>& exit_meanings() {
  static const auto kMeanings = [] {
    std::vector<std::pair<Exit, std::string_view>> meanings;
    for (const ExitRow& row : kExits) meanings.emplace_back(row.exit, row.meaning);
    return meanings;
  }();
  return kMeanings;
}

Failure failure_of(const Error& error, std::string doing) {
  const Meaning meaning = meaning_of(error.kind);
  return {meaning.exit, std::move(doing), {error.message}, {std::string(meaning.hint)}};
}

std::string in_quotes(std::string_view bytes) {
  constexpr size_t kShownMax = 200;
  if (bytes.size() <= kShownMax) return '"' + printable(bytes) + '"';
  return '"' + printable(bytes.substr(0, kShownMax)) + "...\"";
}

std::string shell_word(std::string_view word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=./:,@%~^") == std::string::npos;
  if (plain) return std::string(word);
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace ukstore::cli
