#pragma once
// How a command fails: what is told to the user, and with which exit code.
//
// A command ends by returning an exit code or by throwing a `Failure`, which `run` prints:
//
//     error: there is no branch "mian"
//     hint: did you mean "main"?  See: ukstore branch

#include <ukstore/store/error.h>

#include <string>
#include <vector>

namespace ukstore::cli {

// Promised to scripts: codes are only added.
enum class Exit {
  done = 0,
  user_error = 1,     // a value or argument that makes no sense here
  usage = 2,          // the command line itself
  broken_pipe = 3,    // who read the output went away
  conflict = 4,       // a conflict remains
  not_found = 5,      // a path, revision or branch
  moved = 6,          // a compare-and-set lost: the head moved
  refused = 7,        // permission or signature
  corrupt = 8,        // damaged data
  unreachable = 9,    // a peer, or it took too long
  no_store = 10,      // none here
  locked = 11,        // another writer holds the store
  wrong_key = 12,     // of a peer
  full = 13,          // disk or quota
  io = 14,            // input and output, or read-only after an error
  internal = 70,      // our own fault
  interrupted = 130,  // SIGINT
  terminated = 143,   // SIGTERM
};

// "not_found", "usage", ...: the word for JSON.
std::string_view word_of(Exit exit);
// All exit codes with what they mean, for docs/cli.md.
const std::vector<std::pair<Exit, std::string_view>>& exit_meanings();

struct Failure {
  Exit exit = Exit::user_error;
  std::string message;                // what failed, with the user's own words in quotes
  std::vector<std::string> causes{};  // why
  std::vector<std::string> hints{};   // what to do: each holds a command that can be pasted
};

// What an error of the libraries means to the user of the command line.  `doing` says what was
// tried: "cannot read \"a/b\"".
Failure failure_of(const Error& error, std::string doing);

// The value of a result, or its error as a Failure.
template <class T>
T must(Result<T> result, const std::string& doing) {
  if (!result) throw failure_of(result.error(), doing);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// "\"a/b\"", printable, shortened if very long: the user's own words.
std::string in_quotes(std::string_view bytes);
// As a word of a command that can be pasted into a shell.
std::string shell_word(std::string_view word);

}  // namespace ukstore::cli
