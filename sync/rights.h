#pragma once
// Who may do what with which branches: a list of grants that a store keeps, and what follows from
// it.
//
// The list is a remove-wins set: where one replica grants what another revokes without knowing of
// it, it is revoked.  It lives in a branch of its own, so that it has a history and may be
// replicated like any other between the nodes of one owner.
//
// State of that branch: the set of bytes at "granted" and the set of bytes at "revoked", with
// elements "FINGERPRINT LEVEL PATTERN"; a grant holds while it is in the first and not in the
// second. Granting removes the revocations that it has seen; revoking removes the grants that it
// has seen, and stays.

#include <ukstore/merge/repo.h>

#include <compare>
#include <mutex>

namespace ukstore {

// What a peer may do with a branch.  Each level includes those before it.
enum class Right : uint8_t {
  none,   // it is told that there is no such branch
  read,   // its history, and whatever hangs on that
  merge,  // adding history, which is merged: nothing is rewritten
  write,  // moving the head anywhere in what the peer may name, and dropping the branch
  admin,  // granting and revoking these rights on the branch
};
// "none", "read", "merge", "write", "admin"; and back, nullopt for anything else.
std::string_view name(Right right);
std::optional<Right> right_named(BytesView name);

// The branch that holds the list.
constexpr BytesView kRightsBranch = "ukstore/rights";

struct Grant {
  Bytes fingerprint;           // 64 lower-case hex digits
  Right level = Right::merge;  // never none
  // A branch, or the beginning of its name with a `*` behind it; `*` alone is every branch.  The
  // branches below "remotes/" and "ukstore/" are meant only by patterns that begin so.
  Bytes pattern = "*";
  auto operator<=>(const Grant&) const = default;
};
// `invalid`, in words, for a fingerprint, level or pattern that is none.
Result<void> check(const Grant& grant);
bool matches(BytesView pattern, BytesView branch);

// The list of a store.  All calls may come from any thread; what another process changes is seen.
class Rights {
 public:
  // The repository outlives it.
  explicit Rights(Repo& repo) : repo_(repo) {}

  // The grants that hold, sorted.
  Result<std::vector<Grant>> list() const;
  // Adds a grant; whether it is new.
  Result<bool> grant(const Grant& grant, CommitInfo info = {});
  // Takes back the right and those that include it, for that peer and pattern, here and wherever
  // they are granted by somebody who does not know of this; whether any of them was held here.
  Result<bool> revoke(const Grant& grant, CommitInfo info = {});

  // The highest right of a peer on a branch.
  Result<Right> of(BytesView fingerprint, BytesView branch) const;
  // Whether a peer has any right at all.
  Result<bool> knows(BytesView fingerprint) const;

 private:
  Result<std::shared_ptr<const std::vector<Grant>>> current() const;

  Repo& repo_;
  // The list as it was at this head: reading it again costs one look at the head.
  mutable std::mutex mutex_;
  mutable std::optional<Hash> at_;
  mutable std::shared_ptr<const std::vector<Grant>> grants_;
};

}  // namespace ukstore
