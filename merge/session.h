#pragma once
// A session: a private branch off a public one, for one client.
//
// | what is given | by what |
// | --- | --- |
// | read your writes, monotonic writes | reads and writes go to the private branch |
// | monotonic reads | refresh only ever merges in: heads grow |
// | writes follow reads | ancestry of commits is causality |
// | atomic visibility | a transaction is one commit, publishing moves one head |
// | snapshot and repeatable reads | a transaction works on one immutable state |
//
// Taken together: transactional causal consistency with convergent merges.  Not given:
// serializability, uniqueness across replicas, absence of write skew, bounds without escrow.
//
// The token of a session is the name of its private head.  Another repository serves the session as
// soon as it holds that commit, so the guarantees survive the move.

#include <ukstore/merge/repo.h>

namespace ukstore {

class Session {
 public:
  const Branch& private_branch() const { return private_; }
  const Branch& public_branch() const { return public_; }

  Result<State> state() const { return private_.state(); }
  Result<std::optional<Bytes>> get(BytesView path) const { return private_.get(path); }
  Result<Committed> transact(const WriteFunction& write, CommitInfo info = {}) {
    return private_.transact(write, std::move(info));
  }

  // Merges the private branch into the public one.  With Policy::fail and a conflict nothing moves:
  // the outcome says where, and the private branch is kept.
  Result<MergeOutcome> publish(MergeOptions options = {});
  // Merges the public branch into the private one.
  Result<MergeOutcome> refresh(MergeOptions options = {});

  // 64 hex digits; empty before the first commit that it knows of.
  Result<std::string> token() const;
  // Drops the private branch; what was not published stays only as long as someone holds the token
  // and nothing is collected.
  Result<void> close() { return private_.drop(); }

 private:
  friend class Repo;
  Session(Branch private_branch, Branch public_branch)
      : private_(std::move(private_branch)), public_(std::move(public_branch)) {}
  Branch private_;
  Branch public_;
};

}  // namespace ukstore
