#pragma once
// What can go wrong, and what the caller can do about it.
//
// Absence is `std::optional`, a conflict is a value, our own bugs assert.  The rest is an `Error`:
// one kind for each reaction of the caller, and a message that says what failed, why, and what to
// do.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ukstore {

struct Error {
  enum class Kind {
    invalid,       // the caller's argument breaks a stated limit; change it
    not_found,     // a name or hash that had to exist does not
    moved,         // a compare-and-set lost; read the head again and retry
    corrupt,       // bytes on disk or from a peer are not what they must be; run the check
    io,            // the system refused a read or write
    full,          // disk, map or quota is full; make room
    locked,        // another writer holds the store; wait or stop it (the message names it)
    read_only,     // a flush failed, or the store was opened for reading; reopen it
    closed,        // used after close
    unsupported,   // a format, kind or algorithm that this version does not know; upgrade
    limit,         // a budget (memory, work, size) is exhausted
    no_store,      // there is no store at that place
    counts_twice,  // what is asked may count twice after a merge; say that it may
    base_missing,  // history that a merge needs is not here; fetch it
  };

  Kind kind;
  std::string message;

  bool operator==(const Error&) const = default;
};

// "corrupt", "io", ...: the word for logs and JSON.
std::string_view name(Error::Kind kind);

template <class T>
using Result = std::expected<T, Error>;

// return fail(Error::Kind::corrupt, "segment 7 ends early");
inline std::unexpected<Error> fail(Error::Kind kind, std::string message) {
  return std::unexpected(Error{kind, std::move(message)});
}

// return pass_on(result);  hands the error of a failed result to the caller's caller.
template <class T>
std::unexpected<Error> pass_on(const Result<T>& failed) {
  return std::unexpected(failed.error());
}

// The same, with where it happened put in front: "reading commit 1a2b...: segment 7 ends early".
template <class T>
std::unexpected<Error> pass_on(const Result<T>& failed, std::string_view where) {
  return std::unexpected(
      Error{failed.error().kind, std::string(where) + ": " + failed.error().message});
}

}  // namespace ukstore
